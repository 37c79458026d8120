#!/bin/sh
set -e

if [ "$1" = configure ]; then
  getent passwd sluice >/dev/null ||
    useradd --system --user-group --no-create-home --home-dir /var/lib/sluice \
      --shell /usr/sbin/nologin sluice
  # A sidecar that runs goes on as it is: `sluice upgrade` lets the new one take its place.
  if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
fi
