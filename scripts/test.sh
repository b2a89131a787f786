#!/usr/bin/env bash
# All tests: cargo's, then OpenAI's Python SDK against the program that cargo built. Stops at the first part that fails,
# and so ends with the last runner's own summary.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/venv.sh

scripts/setup.sh test
sdk=yes
make_venv || {
  echo "skipped: the Python SDK's tests, since the package index can't be reached" >&2
  sdk=no
}

cargo test --locked --workspace --no-fail-fast
[ $sdk = yes ] || exit 0

export POINTSMAN_BIN=${CARGO_TARGET_DIR:-target}/debug/pointsman PYTHONDONTWRITEBYTECODE=1
exec .venv/bin/python -m pytest -p no:cacheprovider tests/python/test_sdk.py
