#!/usr/bin/env bash
# Compares every number, flag and struct of our tables with the kernel's headers (linux-libc-dev): see audit/index.cjs.
set -euo pipefail
cd "$(dirname "$0")/.."

bash scripts/test-dependencies.sh
exec node scripts/audit/index.cjs "$@"
