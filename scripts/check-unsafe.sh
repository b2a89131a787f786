#!/usr/bin/env bash
# Runs the engine's tests where a wrong access to memory shows: under Miri (the portable kernel) and under valgrind (which
# knows AVX2). What neither can run, AVX-512 and AMX, is tested against guard pages in `make test`.
set -euo pipefail
cd "$(dirname "$0")/.."

ran=no
if cargo +nightly miri --version >/dev/null 2>&1; then
  CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/miri cargo +nightly miri test --locked -p pointsman-engine --lib
  ran=yes
else
  echo "skipped: Miri (rustup +nightly component add miri)" >&2
fi
if command -v valgrind >/dev/null; then
  tests=$(cargo test --locked -p pointsman-engine --lib --no-run --message-format=json |
    sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | tail -1)
  valgrind --quiet --error-exitcode=1 "$tests"
  ran=yes
else
  echo "skipped: valgrind" >&2
fi
[ $ran = yes ]
