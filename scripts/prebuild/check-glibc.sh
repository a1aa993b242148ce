#!/usr/bin/env bash
# check-glibc.sh FILE…: fails if a binary asks for a glibc newer than 2.28, or for libstdc++ or anything else that a
# system with Node need not have. Prints the newest version that each asks for.
set -euo pipefail

newest_allowed=2.28
status=0
for file in "$@"; do
  symbols=$(objdump -T "$file" | grep -oE 'GLIBC_[0-9.]+\)? +.*$' | tr -d ')' | sed 's/^GLIBC_//' | sort -V)
  newest=$(tail -n 1 <<<"$symbols" | cut -d' ' -f1)
  if [[ $(printf '%s\n' "$newest" $newest_allowed | sort -V | tail -n 1) != "$newest_allowed" ]]; then
    echo "$file asks for more than glibc $newest_allowed; see scripts/addon/glibc-floor.cc:" >&2
    awk -v allowed=$newest_allowed '{ split($1, v, "."); split(allowed, a, "."); if (v[1] > a[1] || v[2] > a[2]) print "  " $2 " (glibc " $1 ")" }' <<<"$symbols" >&2
    status=1
  fi
  needed=$(objdump -p "$file" | awk '$1 == "NEEDED" { print $2 }')
  if foreign=$(grep -vxE 'lib(c|m|dl|pthread|rt|gcc_s)\.so\.[0-9]|ld-linux-(x86-64|aarch64)\.so\.[0-9]' <<<"$needed"); then
    echo "$file needs $foreign" >&2
    status=1
  fi
  echo "$file: glibc $newest"
done
exit $status
