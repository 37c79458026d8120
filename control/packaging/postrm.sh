#!/bin/sh
set -e

if [ "$1" = purge ]; then rm -rf /var/lib/sluice; fi
if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
