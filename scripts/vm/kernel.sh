#!/usr/bin/env bash
# Fetches Debian's kernel 6.12 and makes an initial root for it, in .build/vm. Does nothing, fast, when they are there.
set -euo pipefail
cd "$(dirname "$0")/../.."

meta=linux-image-6.12-amd64
vm=$PWD/.build/vm
mkdir -p "$vm"
exec 9>"$vm/lock"
flock 9
work=$(mktemp -d "$vm/new.XXXXXX")
trap 'rm -rf "$work"' EXIT

download() {
  local package
  package=$(apt-cache depends "$meta" 2>/dev/null | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
  [[ -n $package ]] && (cd "$work" && apt-get download -qq "$package" 2>/dev/null)
}

# Of its modules those that networks need, and the share of this machine's files.
fetch() {
  local parts=(arch crypto lib net fs/9p fs/netfs fs/overlayfs drivers/net drivers/virtio drivers/char drivers/infiniband)
  echo "Fetching $meta"
  download || { apt-get update -qq && download; } || { echo "There is no $meta" >&2 && return 1; }
  mkdir "$work/kernel"
  dpkg-deb --fsys-tarfile "$work"/*.deb | tar -x -C "$work/kernel" --wildcards './boot/vmlinuz-*' \
    './lib/modules/*/modules.*' "${parts[@]/#/./lib/modules/*/kernel/}"
  depmod -b "$work/kernel" "$(ls "$work/kernel/lib/modules")"
  mv "$work/kernel" "$vm/kernel"
}

make_root() {
  local root=$work/root version module file name
  version=$(ls "$vm/kernel/lib/modules")
  mkdir -p "$root"/{bin,sbin,dev,proc,sys,modules,below,above,whole}
  install -m 755 "$(command -v busybox)" "$root/bin/busybox"
  install -m 755 scripts/vm/init "$root/init"
  install -m 755 scripts/vm/modprobe "$root/sbin/modprobe"
  for module in virtio_pci 9pnet_virtio 9p overlay; do
    modprobe -d "$vm/kernel" -S "$version" --show-depends "$module" | sed -n 's/^insmod \([^ ]*\).*/\1/p'
  done | awk '!seen[$0]++' | while read -r file; do
    name=$(basename "$file" .xz)
    xz -dcf "$file" >"$root/modules/$name"
    echo "$name" >>"$root/modules/order"
  done
  (cd "$root" && find . | busybox cpio -o -H newc 2>/dev/null) | gzip -1 >"$work/initrd"
  mv "$work/initrd" "$vm/initrd"
}

[[ -e $vm/kernel ]] || fetch
[[ -e $vm/initrd && -z $(find scripts/vm/{kernel.sh,init,modprobe} -newer "$vm/initrd") ]] || make_root
