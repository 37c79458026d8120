#!/bin/sh
# Makes the root of an image that stands for Node's own: a Node, this machine's npm, shell and
# libraries, and the image's user. $1: an empty folder, $2: a Node.
set -eu
root=$1
mkdir -p "$root/bin" "$root/usr/bin" "$root/usr/lib" "$root/usr/etc" "$root/etc/ssl/certs" \
  "$root/root" "$root/home/node" "$root/proc" "$root/dev" "$root/sys" "$root/tmp" "$root/var/lib"
chmod 1777 "$root/tmp"
cp -L "$2" "$root/usr/bin/node"
cp -r "$(dirname "$(readlink -f "$(command -v npm)")")/.." "$root/usr/lib/npm"
for each in sh mkdir chown id env; do cp -L "$(command -v "$each")" "$root/bin/$each"; done
ln -s /bin/env "$root/usr/bin/env"
printf '#!/bin/sh\nexec node /usr/lib/npm/bin/npm-cli.js "$@"\n' > "$root/usr/bin/npm"
chmod 755 "$root/usr/bin/npm"
# Bundlers bring parts in machine code, which want more than Node does.
for each in librt.so.1 libdl.so.2 libpthread.so.0 libgcc_s.so.1 libm.so.6; do
  ldconfig -p | sed -n "s|^\s*$each .*=> ||p" | head -1
done > "$root/tmp/libraries"
ldd "$root"/usr/bin/node "$root"/bin/* | grep -o '/[^ :]*' | grep -v "^$root" >> "$root/tmp/libraries"
sort -u "$root/tmp/libraries" | while read -r library; do
  mkdir -p "$root/$(dirname "$library")"
  cp -L "$library" "$root/$library"
done
rm "$root/tmp/libraries"
printf 'root:x:0:0::/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n' > "$root/etc/passwd"
printf 'root:x:0:\nnode:x:1000:\n' > "$root/etc/group"
# How this machine gets packages.
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
for each in /usr/etc/npmrc "$HOME/.npmrc"; do
  if [ -e "$each" ]; then cat "$each" >> "$root/root/.npmrc"; fi
done
