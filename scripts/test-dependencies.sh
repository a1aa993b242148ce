#!/usr/bin/env bash
# Installs what the tests and developer tools need and this Debian machine lacks. Does nothing, fast, when all is there.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()
need() { # command or header, and the package that has it
  [[ "$1" == /* && -e "$1" ]] || command -v "$1" >/dev/null || missing+=("$2")
}

need ip iproute2
need bridge iproute2
need busybox busybox-static
need strace strace
need ping iputils-ping
need tcpdump tcpdump
need g++ g++
need gcc gcc
need make make
need python3 python3
need /usr/include/linux/netlink.h linux-libc-dev
need clang-format clang-format
need openssl openssl
need redis-check-rdb redis-tools
need newuidmap uidmap
need slirp4netns slirp4netns
need pasta passt
need ovsdb-server openvswitch-common
need ovs-vswitchd openvswitch-switch
need dnsmasq dnsmasq-base
need dhclient isc-dhcp-client
need dhcpcd dhcpcd-base
need nft nftables
need qemu-system-x86_64 qemu-system-x86
need modprobe kmod
# The one program of the virtual machines, which have no libraries.
if ldd "$(command -v busybox || echo /bin/sh)" >/dev/null 2>&1; then missing+=(busybox-static); fi

((${#missing[@]})) || exec scripts/kernel-specs.sh
mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)
if ! command -v apt-get >/dev/null || ((EUID != 0)); then
  echo "Missing: ${missing[*]} (these are Debian's names of the packages; installing them needs root)" >&2
  exit 1
fi
echo "Installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
exec scripts/kernel-specs.sh
