#!/usr/bin/env bash
# install.sh DIRECTORY TARBALL…: makes DIRECTORY a project that depends on the packed packages, installed as the strictest
# dependent installs: without install scripts and without a compiler in the PATH.
set -euo pipefail

tarballs=()
for tarball in "${@:2}"; do tarballs+=("$(readlink -f "$tarball")"); done
fixture=$(dirname "$(readlink -f "$0")")/consumer
mkdir -p "$1"
cd "$1"

mkdir bare-path
for command in node npm sh env; do ln -s "$(readlink -f "$(command -v "$command")")" "bare-path/$command"; done
cp "$fixture"/* .
echo '{ "name": "consumer", "private": true }' >package.json

PATH=$PWD/bare-path npm install --ignore-scripts --no-audit --no-fund "${tarballs[@]}"
[[ ! -e node_modules/netloom/build ]] || { echo "something was compiled" >&2; exit 1; }
