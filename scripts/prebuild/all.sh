#!/usr/bin/env bash
# `npm run prebuild`: the binaries that the package carries, in prebuilds/linux-{x64,arm64}/, each checked. Built in a
# copy of the sources: prebuildify takes the result out of build/, and a developer's own build stays as it is.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD

bash scripts/prebuild/dependencies.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r package.json binding.gyp native scripts "$work"
ln -s "$root/node_modules" "$work/node_modules"
rm -rf prebuilds

# The variables of binding.gyp, and where this Node's headers are, reach node-gyp through the environment.
export npm_package_config_node_gyp_netloom_werror=true npm_package_config_node_gyp_jobs=max
headers=$(node -p 'require("./scripts/addon/node-gyp.cjs").nodeDirectory() ?? ""')
[[ -z $headers ]] || export npm_package_config_node_gyp_nodedir=$headers
node_version=$(node -p process.versions.node)

prebuild() { # arch, libc, further arguments
  echo "== linux-$1 $2"
  node_modules/.bin/prebuildify --napi --strip --tag-libc -t "$node_version" --cwd "$work" --out "$root" \
    --arch "$1" --libc "$2" "${@:3}" >"$work/log" 2>&1 || {
    cat "$work/log"
    exit 1
  }
}

# The program beside the addon: it needs no C library, so one for each processor will do.
launcher() { # arch, strip
  "$2" "$work/build/Release/netloom-launcher" -o "prebuilds/linux-$1/netloom-launcher"
}

npm_package_config_node_gyp_netloom_portable=true prebuild x64 glibc
launcher x64 strip
CC=aarch64-linux-gnu-gcc CXX=aarch64-linux-gnu-g++ npm_package_config_node_gyp_netloom_portable=true \
  prebuild arm64 glibc --strip-bin aarch64-linux-gnu-strip
launcher arm64 aarch64-linux-gnu-strip
npm_package_config_node_gyp_netloom_launcher=false CC=$work/scripts/prebuild/musl/musl-g++ CXX=$work/scripts/prebuild/musl/musl-g++ prebuild x64 musl

bash scripts/prebuild/check-launcher.sh prebuilds/*/netloom-launcher
bash scripts/prebuild/check-glibc.sh prebuilds/*/*.glibc.node
node scripts/prebuild/load.cjs prebuilds/linux-x64/netloom.glibc.node
bash scripts/prebuild/check-arm64.sh prebuilds/linux-arm64/netloom.glibc.node
bash scripts/prebuild/check-musl.sh prebuilds/linux-x64/netloom.musl.node
ls -l prebuilds/*/
