#!/usr/bin/env bash
# Installs the compilers that only the prebuilt binaries need, if they are missing.
set -euo pipefail

missing=()
command -v aarch64-linux-gnu-g++ >/dev/null || missing+=(g++-aarch64-linux-gnu)
command -v qemu-aarch64 >/dev/null || missing+=(qemu-user)
command -v musl-gcc >/dev/null || missing+=(musl-tools)
((${#missing[@]})) || exit 0

echo "Installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
