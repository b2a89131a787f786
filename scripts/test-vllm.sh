#!/usr/bin/env bash
# Compares the router with the vLLM at VLLM_URL asked directly. The server must serve nobody else meanwhile.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/venv.sh

if [ -z "${VLLM_URL:-}" ]; then
  echo "skipped: no vLLM to compare with; give one: make test-vllm VLLM_URL=http://host:port"
  exit 0
fi
scripts/setup.sh test
make_venv .venv tests/python/requirements.txt openai,pytest || {
  echo "the package index can't be reached, and .venv is not there yet" >&2
  exit 1
}
cargo build --locked
export POINTSMAN_BIN=${CARGO_TARGET_DIR:-target}/debug/pointsman PYTHONDONTWRITEBYTECODE=1
exec .venv/bin/python -m pytest -p no:cacheprovider -rP tests/python/test_vllm.py tests/python/test_vllm_pair.py
