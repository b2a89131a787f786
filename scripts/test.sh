#!/usr/bin/env bash
# All tests: cargo's, with a Milvus of their own, then OpenAI's Python SDK against the program that cargo built. Stops at
# the first part that fails, and so ends with the last runner's own summary.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/venv.sh

scripts/setup.sh test
sdk=yes
make_venv .venv tests/python/requirements.txt openai,pytest || {
  echo "skipped: the Python SDK's tests, since the package index can't be reached" >&2
  sdk=no
}
make_venv .venv-milvus tests/python/milvus.txt milvus_lite,pymilvus || {
  echo "skipped: the tests with Milvus, since the package index can't be reached" >&2
  # Half of it would fail where none is skipped.
  rm -rf .venv-milvus
}

cargo test --locked --workspace --no-fail-fast
[ $sdk = yes ] || exit 0

export POINTSMAN_BIN=${CARGO_TARGET_DIR:-target}/debug/pointsman PYTHONDONTWRITEBYTECODE=1
exec .venv/bin/python -m pytest -p no:cacheprovider tests/python/test_sdk.py
