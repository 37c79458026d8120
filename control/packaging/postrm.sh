#!/bin/sh
set -e

if [ "$1" = purge ]; then
  rm -rf /var/lib/sluice
  if getent passwd sluice >/dev/null; then userdel sluice; fi
  # It outlives its user where others are in it.
  if getent group sluice >/dev/null; then groupdel sluice; fi
fi
if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
