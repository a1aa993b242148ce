#!/usr/bin/env bash
# Fetches Linux's own specifications of netlink families (Documentation/netlink/specs of Linux 6.12, as Debian packages it) to
# .build/netlink-specs, which the tests of the codec are made of. Does nothing, fast, when they are there.
set -euo pipefail
cd "$(dirname "$0")/.."

package=linux-doc-6.12
specs=.build/netlink-specs
[[ -e $specs/rt_link.yaml ]] && exit 0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fetch() { (cd "$work" && apt-get download -qq "$package" 2>/dev/null); }
echo "Fetching $package"
if ! fetch && ! { apt-get update -qq && fetch; }; then
  echo "There is no $package: the tests that are made of it are left out" >&2
  exit 0
fi
dpkg-deb --fsys-tarfile "$work"/*.deb | tar -x -C "$work" --wildcards '*/netlink/specs/*.yaml.gz'
mkdir -p "$specs"
find "$work" -name '*.yaml.gz' | while read -r file; do
  name=$(basename "$file" .gz)
  gunzip -c "$file" >"$work/$name" && mv "$work/$name" "$specs/$name"
done
