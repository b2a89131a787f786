#!/usr/bin/env bash
# The quick start: builds the router, starts it with a simulated vLLM server for each backend, checks that every route
# answers, and prints what to try. Stays until Ctrl-C or until one of them dies; either way all of them end.
#   demo.sh [CONFIG]      addresses and models are read from it (conf/quickstart.yaml)
#   POINTSMAN_BIN=…       a program that is built already
set -euo pipefail
cd "$(dirname "$0")/.."
config=${1:-conf/quickstart.yaml}
pids=()

die() {
  echo "demo: $*" >&2
  exit 1
}

# The quoted values of a key, wherever it stands; enough for a file as plain as ours.
values_of() { sed -n "s/^[ -]*$1: \"\([^\"]*\)\".*/\1/p" "$config"; }

require_free() {
  # Only a listener answers a connection.
  if (exec 3<>"/dev/tcp/${1%:*}/${1##*:}") 2>/dev/null; then
    die "$1 is in use; stop what listens there, or give scripts/demo.sh a copy of $config with other ports"
  fi
}

start() {
  "$binary" "$@" &
  pids+=($!)
}

# The last started goes first, so that the router does not see its backends leave.
stop_all() {
  trap - EXIT
  trap '' INT TERM
  local i pid deadline=$((SECONDS + 10))
  for ((i = ${#pids[@]} - 1; i >= 0; i--)); do
    pid=${pids[i]}
    kill "$pid" 2>/dev/null || true
    while kill -0 "$pid" 2>/dev/null && [ $SECONDS -lt $deadline ]; do sleep 0.05; done
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
}

# Runs a command until it succeeds: await SECONDS WHAT COMMAND…
await() {
  local deadline=$((SECONDS + $1)) what=$2 pid
  shift 2
  until "$@"; do
    for pid in "${pids[@]}"; do
      kill -0 "$pid" 2>/dev/null || die "a process ended before $what; its last words are above"
    done
    [ $SECONDS -lt $deadline ] || die "waited in vain: $what"
    sleep 0.1
  done
}

answers() { curl -fs -o /dev/null --max-time 2 "$1"; }

body() { printf '{"model": "auto", "messages": [{"role": "user", "content": "%s"}]}' "$1"; }

takes_route() {
  curl -fs -o /dev/null -D - --max-time 30 "$url" -H 'Content-Type: application/json' -d "$(body "$2")" |
    grep -iq "^x-pointsman-route: $1"
}

print_command() {
  printf "\n  curl -i %s -H 'Content-Type: application/json' \\\\\n    -d '%s'\n" "$url" "$(body "$1")"
}

if [ -z "${POINTSMAN_BIN:-}" ]; then
  scripts/setup.sh run
  cargo build --release --locked
fi
binary=${POINTSMAN_BIN:-${CARGO_TARGET_DIR:-target}/release/pointsman}

mapfile -t listeners < <(values_of listen)
mapfile -t peers < <(values_of url | sed 's|^http://||; s|/.*||')
mapfile -t models < <(values_of model)
[ ${#listeners[@]} = 2 ] && [ ${#peers[@]} -gt 0 ] && [ ${#peers[@]} = ${#models[@]} ] ||
  die "$config: expected two listeners and a url and a model for each backend, in double quotes"
for address in "${listeners[@]}" "${peers[@]}"; do require_free "$address"; done

trap stop_all EXIT
trap 'echo; echo "demo: stopping"; exit 0' INT TERM
# The backends first, so that the router's first health checks find them up.
for i in "${!peers[@]}"; do
  start sim --listen "${peers[i]}" --model "${models[i]}" --name "${models[i]}" --ttft 20ms --itl 5ms
done
for peer in "${peers[@]}"; do await 10 "the simulated $peer is up" answers "http://$peer/health"; done
start serve --config "$config"

url=http://${listeners[0]}/v1/chat/completions
chitchat="Tell me a joke about trains."
coding="Debug this Python script, it ends with a segfault."
await 60 "the router is ready" answers "http://${listeners[1]}/readyz"
await 10 "the router is healthy" answers "http://${listeners[0]}/health"
await 10 "chit-chat is answered" takes_route chitchat "$chitchat"
await 10 "coding is answered" takes_route complex-tasks "$coding"

echo
echo "Ready. Try, from another terminal, and look for x-pointsman-route in the answer's head:"
print_command "$chitchat"
print_command "$coding"
printf '\nCtrl-C stops everything.\n\n'

# A child is never expected to end by itself.
wait -n || true
die "a process ended unexpectedly; its last words are above"
