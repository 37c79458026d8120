#!/bin/sh
# Becomes systemd in a root that is laid over this machine's, whose files it reads and never writes.
# Run by unshare(1) in namespaces of its own, as support/booted-root.ts does it.
# $1: a folder that is /mnt there; in its folder `changes` stands whatever differs from the machine.
set -eu

mkdir -p "$1/root" "$1/changes"
mount -t tmpfs -o mode=0755 tmpfs "$1/root"
cd "$1/root"
mkdir upper work whole
mount -t overlay -o lowerdir=/,upperdir=upper,workdir=work overlay whole
mount --bind "$1" whole/mnt
mount --bind upper whole/mnt/changes
cd whole

mount -t proc proc proc
# The machine's kernel is not this systemd's to set up.
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=0755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t tmpfs -o mode=0755 tmpfs dev
mkdir dev/pts dev/shm
for device in null zero full random urandom tty; do
  : > "dev/$device"
  mount --bind "/dev/$device" "dev/$device"
done
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
: > dev/console
: > etc/machine-id
# dpkg is not to read every page of man anew.
rm -f etc/fstab var/lib/man-db/auto-update

pivot_root . mnt/root
exec chroot . /bin/sh -c 'umount -l /mnt/root && exec env -i container=sluice-test \
  PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --unit=sysinit.target'
