#!/usr/bin/env bash
# check-launcher.sh FILE…: fails if a launcher needs a library, or does not run. Without a plan it says so and ends.
set -euo pipefail

for file in "$@"; do
  if readelf -d "$file" | grep -q NEEDED || readelf -l "$file" | grep -q INTERP; then
    echo "$file needs a library" >&2
    exit 1
  fi
  run=()
  [[ $file != *arm64* ]] || run=(qemu-aarch64)
  said=$("${run[@]}" "$file" 2>&1) && exit 1
  grep -q 'with a plan' <<<"$said" || {
    echo "$file: $said" >&2
    exit 1
  }
  echo "$file: $(stat -c %s "$file") bytes, needs no library"
done
