#!/usr/bin/env bash
# clang-format with the given options over all C and C++ sources.
set -euo pipefail
cd "$(dirname "$0")/.."

mapfile -t sources < <(find native scripts bench test -type f \( -name '*.cc' -o -name '*.h' -o -name '*.c' \) \
  -not -path '*/node_modules/*' 2>/dev/null | sort)
((${#sources[@]})) || exit 0
clang-format "$@" "${sources[@]}"
