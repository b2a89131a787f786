#!/usr/bin/env bash
# What a decision and a request cost, the latter beside Envoy, vllm-router and nginx. What cannot be installed is left out.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/venv.sh

scripts/setup.sh build
scripts/setup.sh bench || echo "bench: goes on without" >&2
# In a subshell, as it ends the script where it fails for another reason than the network.
(make_venv .venv-bench benches/end_to_end/requirements.txt envoy,vllm_router) || {
  echo "bench: Envoy and vllm-router cannot be installed, and are left out" >&2
  rm -rf .venv-bench
}
exec cargo bench --locked --bench decision --bench end_to_end
