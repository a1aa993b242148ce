#!/usr/bin/env bash
# Writes the types of the databases that @netloom/ovs brings along, from the schemas beside them.
set -euo pipefail
cd "$(dirname "$0")/../packages/ovs/lib/ovsdb/schemas"

generate() { # schema, module
  node ../../../dist/ovsdb/types_command.js --import ../types "$1" >"$2.new"
  mv "$2.new" "$2"
}

generate vswitch.ovsschema open_vswitch.ts
generate ovn-nb.ovsschema ovn_northbound.ts
