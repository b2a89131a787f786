#!/usr/bin/env bash
# Installs, by apt, what is missing for a purpose; does nothing, fast, where all is there.
#   setup.sh build   what compiling needs
#   setup.sh run     and what the demo needs
#   setup.sh test    and what the tests need
#   setup.sh bench   compiling, and what is compared with in `make bench`
# Without the right to install, it prints what to install and fails. Rust is only ever checked for.
set -euo pipefail
cd "$(dirname "$0")/.."

die() {
  printf 'setup: %s\n' "$@" >&2
  exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# Debian keeps it where only root's PATH looks.
have_nginx() { PATH=$PATH:/usr/sbin have nginx; }

# A python3 from Debian may lack the parts that make a virtual environment.
have_venv() { have python3 && python3 -c 'import ensurepip, venv' 2>/dev/null; }

check_rust() {
  local wanted found
  wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
  found=$(cargo --version 2>/dev/null | cut -d' ' -f2) || true
  [ -n "$found" ] ||
    die "no Rust toolchain found; install Rust $wanted or later (https://rustup.rs), and put cargo on the PATH"
  [ "$(printf '%s\n' "$wanted" "${found%%-*}" | sort -V | head -n1)" = "$wanted" ] ||
    die "Rust $found is too old, $wanted or later is needed; with rustup: rustup update stable"
}

# The Debian packages that the purpose needs and that are not there, one a line.
missing_packages() {
  have c++ || echo g++
  have cmake || echo cmake
  have make || echo make
  case $1 in run | test) have curl || echo curl ;; esac
  case $1 in test) have redis-server || echo redis-server ;; esac
  case $1 in bench) have_nginx || echo nginx ;; esac
  case $1 in test | bench) have_venv || printf '%s\n' python3 python3-venv ;; esac
}

# How to become root: nothing, sudo, or not at all.
root_prefix() {
  if [ "$(id -u)" = 0 ]; then
    return 0
  elif have sudo && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
    echo sudo
  else
    return 1
  fi
}

# Installs packages without starting or enabling the services that come with them: tests and benches start
# their own.
install_packages() {
  local policy=/usr/sbin/policy-rc.d
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120)
  if [ ! -e "$policy" ]; then
    trap '"${as_root[@]}" rm -f /usr/sbin/policy-rc.d' EXIT
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
    "${as_root[@]}" chmod 755 "$policy"
  fi
  # The lists are brought up to date only where they are missing or too old to install from.
  "${apt[@]}" install -y --no-install-recommends "$@" >/dev/null 2>&1 || {
    "${apt[@]}" update
    "${apt[@]}" install -y --no-install-recommends "$@"
  }
  local service
  for service in redis-server nginx; do
    case " $* " in *" $service "*)
      if have systemctl; then "${as_root[@]}" systemctl disable --quiet "$service" || true; fi
      ;;
    esac
  done
}

case ${1:-} in
build | run | test | bench) purpose=$1 ;;
*) die "usage: setup.sh build|run|test|bench" ;;
esac
check_rust
mapfile -t packages < <(missing_packages "$purpose")
[ ${#packages[@]} -gt 0 ] || exit 0

wanted="these packages are missing (Debian's names): ${packages[*]}"
have apt-get || die "$wanted" "there is no apt-get here: install them your system's way, then run this again"
prefix=$(root_prefix) || die "$wanted" "as root, run: apt-get update && apt-get install -y ${packages[*]}"
as_root=(${prefix:+"$prefix"})
echo "setup: installing ${packages[*]}"
install_packages "${packages[@]}"
[ -z "$(missing_packages "$purpose")" ] || die "still missing after the installation: $(missing_packages "$purpose" | xargs)"
