#!/usr/bin/env bash
# install.sh TARBALL DIRECTORY: makes DIRECTORY a project that depends on the packed package, installed as the strictest
# dependent installs: without install scripts and without a compiler in the PATH.
set -euo pipefail

tarball=$(readlink -f "$1")
fixture=$(dirname "$(readlink -f "$0")")/consumer
mkdir -p "$2"
cd "$2"

mkdir bare-path
for command in node npm sh env; do ln -s "$(readlink -f "$(command -v "$command")")" "bare-path/$command"; done
cp "$fixture"/* .
echo '{ "name": "consumer", "private": true }' >package.json

PATH=$PWD/bare-path npm install --ignore-scripts --no-audit --no-fund "$tarball"
[[ ! -e node_modules/netloom/build ]] || { echo "something was compiled" >&2; exit 1; }
