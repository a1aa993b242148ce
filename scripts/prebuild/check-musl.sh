#!/usr/bin/env bash
# check-musl.sh FILE: loads a musl binary of the addon with musl's own loader, every symbol bound at once. There is no Node for
# musl in the registries, so what Node provides (napi_*, uv_*) is stood in for by a small program.
set -euo pipefail

file=$(readlink -f "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

needed=$(objdump -p "$file" | awk '$1 == "NEEDED" { print $2 }')
[[ $needed == libc.so ]] || { echo "$file needs $needed, not only libc.so" >&2; exit 1; }

{
  nm -D --undefined-only "$file" | awk '$2 ~ /^(napi|node_api|uv)_/ { print "void " $2 "(void) {}" }'
  cat <<'C'
#include <dlfcn.h>
#include <stdio.h>
int main(int argc, char** argv) {
  void* addon = argc == 2 ? dlopen(argv[1], RTLD_NOW) : 0;
  if (addon && dlsym(addon, "napi_register_module_v1")) return 0;
  fprintf(stderr, "%s\n", dlerror());
  return 1;
}
C
} >"$work/host.c"
musl-gcc -rdynamic -o "$work/host" "$work/host.c"
"$work/host" "$file"
echo "$file: loads on musl"
