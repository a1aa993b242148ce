// The generator of types: what is checked in is what it writes, and what it writes is right.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateTypes, readSchema } from '../../lib/ovsdb/index'
import { parseJson } from '../../lib/ovsdb/json'

const root = join(__dirname, '../..')
const schemas = join(root, 'lib/ovsdb/schemas')
const program = join(root, 'dist/ovsdb/types_command.js')

test.each([
  ['vswitch.ovsschema', 'open_vswitch.ts'],
  ['ovn-nb.ovsschema', 'ovn_northbound.ts'],
])('the types of %s are those that are checked in', (schema, module) => {
  const text = execFileSync(process.execPath, [program, '--import', '../types', join(schemas, schema)], {
    encoding: 'utf8',
  })
  expect(text).toBe(readFileSync(join(schemas, module), 'utf8'))
})

const odd = {
  name: 'Odd',
  version: '1.2.3',
  tables: {
    any: { columns: { class: { type: 'real', mutable: false } }, isRoot: true },
    T: {
      columns: {
        quoted: { type: { key: { type: 'string', enum: ['set', ["it's", 'a "b"', '\\']] } } },
        one_of: { type: { key: { type: 'integer', enum: ['set', [1, 2]] }, min: 0, max: 'unlimited' } },
        refs: {
          type: { key: 'integer', value: { type: 'uuid', refTable: 'any', refType: 'weak' }, min: 0, max: 'unlimited' },
        },
        short: { type: { key: { type: 'string', minLength: 1, maxLength: 3 }, min: 1, max: 2 }, ephemeral: true },
        port: { type: { key: { type: 'integer', minInteger: 0, maxInteger: 65535 }, min: 0 } },
      },
      indexes: [['quoted', 'port']],
      maxRows: 5,
    },
  },
}

test('names, enumerations, ranges and references that are odd give types that compile', () => {
  const text = generateTypes(readSchema(odd), '../../types')
  expect(text).toContain("readonly quoted: 'it\\'s' | 'a \"b\"' | '\\\\'")
  expect(text).toContain('readonly one_of: readonly (1n | 2n)[]')
  expect(text).toContain("readonly refs: ReadonlyMap<bigint, Uuid<'any'>>")
  expect(text).toContain('readonly port: number | null')
  expect(text).toContain("readonly any: TableTypes<any_row, 'class'>")
  expect(text).toMatch(/No two rows have the same quoted, port\. It has at most 5 rows\./)
  const dir = mkdtempSync(join(tmpdir(), 'netloom-types-'))
  try {
    writeFileSync(join(dir, 'odd.ts'), text.replace('../../types', join(root, 'lib/ovsdb/types')))
    const flags = [
      '--noEmit',
      '--strict',
      '--target',
      'es2023',
      '--module',
      'nodenext',
      '--skipLibCheck',
      '--ignoreConfig',
    ]
    const tsc = spawnSync(process.execPath, [require.resolve('typescript/bin/tsc'), ...flags, join(dir, 'odd.ts')], {
      encoding: 'utf8',
      cwd: dir,
    })
    expect(tsc.stdout).toBe('')
  } finally {
    rmSync(dir, { recursive: true })
  }
})

test('the program reads the standard input, and says what it does not understand', () => {
  const run = (input: string, ...args: string[]) =>
    spawnSync(process.execPath, [program, ...args], { input, encoding: 'utf8' })
  const { stdout, status } = run(JSON.stringify(odd), '-')
  expect(status).toBe(0)
  expect(stdout).toBe(generateTypes(readSchema(parseJson(JSON.stringify(odd)))))
  expect(run('', '--help')).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('usage: netloom-ovsdb-types') as string,
  })
  for (const [input, args] of [
    ['', []],
    ['{', ['-']],
    ['{}', ['-']],
    ['', ['/nowhere']],
    ['', ['--no', '-']],
  ] as const) {
    expect(run(input, ...args)).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringMatching(/^netloom-ovsdb-types: /) as string,
    })
  }
})
