# Sourced. make_venv FOLDER REQUIREMENTS MODULES brings a virtual environment in line with a file of requirements: at once
# where it is already, and MODULES (as `import` takes them) can be imported.
# Returns 0 when it is there, 1 when the package index can't be reached; any other failure ends the script.

make_venv() {
  local folder=$1 requirements=$2 modules=$3 stamp log=$1/pip.log
  stamp="$(python3 --version) $(sha256sum <"$requirements")"
  if [ "$(cat "$folder/stamp" 2>/dev/null)" = "$stamp" ] && "$folder/bin/python" -c "import $modules" 2>/dev/null; then
    return 0
  fi
  echo "preparing $folder"
  python3 -m venv --clear "$folder" || exit
  if "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --retries 2 --timeout 20 \
    --requirement "$requirements" >"$log" 2>&1; then
    echo "$stamp" >"$folder/stamp"
    return 0
  fi
  cat "$log" >&2
  # pip says the same of an index that is away and of a version that does not exist, but for its retries.
  grep -qE 'Retrying \(|Connection(Error|ResetError)|ProxyError|SSLError|timed out' "$log" || exit 1
  return 1
}
