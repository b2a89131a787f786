#!/usr/bin/env bash
# Installs or uninstalls what was built. `make install` sets the environment:
#   BINARY   the built program
#   PREFIX   where it goes: bin/pointsman, and the models in share/pointsman/models, where it looks for them
#   UNITDIR  where the systemd unit goes
#   DESTDIR  put before each of these, for packagers
set -euo pipefail
cd "$(dirname "$0")/.."

bin=$DESTDIR$PREFIX/bin/pointsman
share=$DESTDIR$PREFIX/share/pointsman
config=$DESTDIR/etc/pointsman/config.yaml
unit=$DESTDIR$UNITDIR/pointsman.service

install_all() {
  install -Dm755 "$BINARY" "$bin"
  find models -type f ! -name '*.py' -exec install -Dm644 {} "$share"/{} \;
  # Readable by all, since the unit's user is made up at each start; secrets belong into files or the environment.
  # The reference config and not the quick start's, whose backends are the demo's simulators.
  [ -e "$config" ] || install -Dm644 conf/reasoning-budget.yaml "$config"
  mkdir -p "$(dirname "$unit")"
  sed "s|/usr/local/bin/|$PREFIX/bin/|" systemd/pointsman.service >"$unit"
  chmod 644 "$unit"
  cat <<END
installed $bin, $share, $unit
Name your vLLM servers in $config, then:
  systemctl daemon-reload && systemctl enable --now pointsman
END
}

uninstall_all() {
  rm -f "$bin" "$unit"
  rm -rf "$share"
  echo "uninstalled; $config is yours and stays"
}

case ${1:-} in
install) install_all ;;
uninstall) uninstall_all ;;
*) echo "usage: install.sh install|uninstall" >&2 && exit 2 ;;
esac
