// TypeScript types from a schema: what `netloom-ovsdb-types` writes.
import type { BaseType, ColumnSchema, DatabaseSchema, TableSchema } from './schema'
import { integerRange } from './schema'

function literal(value: string | number | bigint | boolean): string {
  if (typeof value === 'bigint') return `${value}n`
  return typeof value === 'string' ? quoted(value) : String(value)
}

function quoted(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`
}

function atomType({ type, wide, enum: members, refTable }: BaseType): string {
  if (members !== undefined) return members.map(literal).join(' | ')
  switch (type) {
    case 'integer':
      return wide ? 'bigint' : 'number'
    case 'real':
      return 'number'
    case 'uuid':
      return refTable === undefined ? 'Uuid' : `Uuid<${quoted(refTable)}>`
    default:
      return type
  }
}

function columnType({ shape, key, value }: ColumnSchema): string {
  const atom = atomType(key)
  switch (shape) {
    case 'scalar':
      return atom
    case 'optional':
      return `${atom} | null`
    case 'set':
      return `readonly ${atom.includes('|') ? `(${atom})` : atom}[]`
    case 'map':
      return `ReadonlyMap<${atom}, ${atomType(value ?? key)}>`
  }
}

function limits({ type, minimum, maximum, minLength, maxLength }: BaseType): string {
  if (type === 'string') {
    if (minLength === 0 && maxLength === Infinity) return ''
    return ` of ${minLength} to ${maxLength === Infinity ? 'any number of' : maxLength} characters`
  }
  const least = minimum === undefined || minimum === integerRange.minimum ? undefined : minimum
  const most = maximum === undefined || maximum === integerRange.maximum ? undefined : maximum
  if (least === undefined && most === undefined) return ''
  return ` ${least === undefined ? '' : `from ${least}`}${most === undefined ? '' : ` to ${most}`}`.replace('  ', ' ')
}

function atomWords(type: BaseType): string {
  if (type.refTable !== undefined) return `${type.refType ?? 'strong'} reference to ${type.refTable}`
  return `${type.type}${limits(type)}`
}

function columnWords(column: ColumnSchema): string {
  const { shape, key, value, min, max, mutable, ephemeral } = column
  const number = max === Infinity ? (min === 0 ? '' : `at least ${min} `) : `${min} to ${max} `
  const words = {
    scalar: atomWords(key),
    optional: `optional ${atomWords(key)}`,
    set: `set of ${number}${atomWords(key)}`,
    map: `map of ${number}${atomWords(key)} to ${atomWords(value ?? key)}`,
  }[shape]
  const more = [mutable ? '' : 'cannot be changed', ephemeral ? 'lost when the server ends' : '']
  return [words, ...more.filter((each) => each !== '')].join('; ')
}

/** Names that are taken where the types stand. */
const taken = new Set(
  `Row Uuid Tables TableTypes ReadonlyMap any bigint boolean never null number object string symbol undefined unknown void break case
  catch class const continue debugger default delete do else enum export extends false finally for function if import in
  instanceof new return super switch this throw true try typeof var while with implements interface let package private
  protected public static yield await`.split(/\s+/),
)

/** A unique name for the interface of each table. */
function interfaceNames({ tables }: DatabaseSchema): (table: string) => string {
  const names = new Map<string, string>()
  for (const table of tables.keys()) {
    let name = table
    while (taken.has(name) || (name !== table && tables.has(name))) name += '_row'
    names.set(table, name)
  }
  return (table) => names.get(table) ?? table
}

function tableText({ name, columns, isRoot, indexes, maxRows }: TableSchema, interfaceName: string): string {
  const facts = [
    isRoot ? '' : 'A row goes when nothing refers to it any more.',
    ...indexes.map((index) => `No two rows have the same ${index.join(', ')}.`),
    maxRows === Infinity ? '' : `It has at most ${maxRows} row${maxRows === 1 ? '' : 's'}.`,
  ].filter((fact) => fact !== '')
  const own = [...columns.values()].filter((column) => !column.name.startsWith('_'))
  const lines = own.map(
    (column) => `  /** ${columnWords(column)} */\n  readonly ${column.name}: ${columnType(column)}\n`,
  )
  const words = [`A row of the table ${name}.`, ...facts].join(' ')
  return `/** ${words} */\nexport interface ${interfaceName} extends Row<${quoted(name)}> {\n${lines.join('')}}\n`
}

function tablesText({ name, version, tables }: DatabaseSchema, interfaceName: (table: string) => string): string {
  const lines = [...tables.values()].map((table) => {
    const fixed = [...table.columns.values()].filter((column) => !column.mutable && !column.name.startsWith('_'))
    const immutable = fixed.length === 0 ? 'never' : fixed.map((column) => quoted(column.name)).join(' | ')
    const words = `  /** The table ${table.name}: its row, and the columns that cannot be changed. */\n`
    return `${words}  readonly ${table.name}: TableTypes<${interfaceName(table.name)}, ${immutable}>\n`
  })
  return `/** The tables of the database ${name}, version ${version}. */\nexport type Tables = {\n${lines.join('')}}\n`
}

/** The text of a module with the types of a database's tables. `module` is where it imports those it is made of from. */
export function generateTypes(schema: DatabaseSchema, module = '@netloom/ovs/ovsdb'): string {
  const { name, version } = schema
  const nameOf = interfaceNames(schema)
  const tables = [...schema.tables.values()].map((table) => tableText(table, nameOf(table.name)))
  const bodies = [tablesText(schema, nameOf), ...tables].join('\n')
  const names = ['Row', 'TableTypes', 'Uuid'].filter((each) => new RegExp(`\\b${each}\\b`).test(bodies))
  return [
    `// Generated by netloom-ovsdb-types from the schema of ${name}, version ${version}. Do not edit.\n`,
    `import type { ${names.join(', ')} } from ${quoted(module)}\n\n`,
    bodies,
  ].join('')
}
