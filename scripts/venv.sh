# Sourced. make_venv brings .venv in line with tests/python/requirements.txt: at once where it is already.
# Returns 0 when it is there, 1 when the package index can't be reached; any other failure ends the script.

make_venv() {
  local stamp log=.venv/pip.log requirements=tests/python/requirements.txt
  stamp="$(python3 --version) $(sha256sum <$requirements)"
  if [ "$(cat .venv/stamp 2>/dev/null)" = "$stamp" ] && .venv/bin/python -c 'import openai, pytest' 2>/dev/null; then
    return 0
  fi
  echo "preparing .venv for the Python tests"
  python3 -m venv --clear .venv || exit
  if .venv/bin/python -m pip install --quiet --disable-pip-version-check --retries 2 --timeout 20 \
    --requirement $requirements >$log 2>&1; then
    echo "$stamp" >.venv/stamp
    return 0
  fi
  cat $log >&2
  # pip says the same of an index that is away and of a version that does not exist, but for its retries.
  grep -qE 'Retrying \(|Connection(Error|ResetError)|ProxyError|SSLError|timed out' $log || exit 1
  return 1
}
