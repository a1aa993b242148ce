#!/usr/bin/env node
// The program netloom-ovsdb-types: reads a schema, prints TypeScript.
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { generateTypes } from './generate'
import { parseJson } from './json'
import { readSchema } from './schema'

const usage = `usage: netloom-ovsdb-types [--import MODULE] SCHEMA
Prints the TypeScript types of a database's tables.
SCHEMA   an .ovsschema file, or - for the standard input:
         ovsdb-client get-schema unix:/run/openvswitch/db.sock Open_vSwitch | netloom-ovsdb-types -
MODULE   where the types that they are made of are imported from (default: @netloom/ovs/ovsdb)
`

function main(): void {
  const { values, positionals } = parseArgs({
    options: { import: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    allowPositionals: true,
  })
  if (values.help === true) {
    process.stdout.write(usage)
    return
  }
  const [file, ...others] = positionals
  if (file === undefined || others.length > 0) throw new Error('it takes one schema')
  const text = readFileSync(file === '-' ? 0 : file, 'utf8')
  process.stdout.write(generateTypes(readSchema(parseJson(text)), values.import))
}

// What reads the library's tables loads every file of it.
if (require.main === module) {
  try {
    main()
  } catch (error) {
    process.stderr.write(`netloom-ovsdb-types: ${(error as Error).message}\n${usage}`)
    process.exitCode = 1
  }
}
