#!/bin/sh
# Makes the root of an image that holds one program, and the libraries that it wants. $1: an empty
# folder, $2: the program.
set -eu
mkdir -p "$1/bin" "$1/etc" "$1/tmp" "$1/proc" "$1/dev" "$1/sys"
chmod 1777 "$1/tmp"
cp -L "$2" "$1/bin/"
{ ldd "$2" || true; } | grep -o '/[^ :]*' | sort -u | while read -r library; do
  mkdir -p "$1/$(dirname "$library")"
  cp -L "$library" "$1/$library"
done
