'use strict'
// Finds what our tables say of the kernel: loads the sources and looks at everything that they declare.
//
// Most tables are private to their module, so looking at exports is not enough. Whatever a function of lib/wire returns
// while the modules load is looked at too, and so are constants in capitals, private or not.
const { readdirSync, readFileSync } = require('node:fs')
const Module = require('node:module')
const { join, relative } = require('node:path')
const ts = require('typescript')
const { sources: packageSources } = require('../sources.cjs')

/**
 * One thing to compare.
 * @typedef {object} Item
 * @property {string} key The C name: `IFLA_MTU`, `struct ifinfomsg` or `struct ifinfomsg.ifi_index`.
 * @property {number | string} value What we say: the number, `16 bytes` of a struct, `4 bytes at 4` of a field.
 * @property {string} where File and line.
 */

/** Name of a constant that stands for the kernel's of the same name, or for all that begin with it and `_`. */
const constantDeclaration = /^(export )?const ([A-Z][A-Z0-9_]*)\b/gm

/**
 * @param {string} root The repository.
 * @param {string[]} directories The sources to audit.
 * @returns {{ items: Item[], problems: string[] }} The problems are of modules that could not be looked at.
 */
function collect(root, directories) {
  /** @type {Map<string, Item>} */
  const items = new Map()
  /** @param {string} key @param {number | string} value @param {string} where */
  const add = (key, value, where) => {
    const id = `${key}=${value}`
    if (!items.has(id)) items.set(id, { key, value, where: relative(root, where) })
  }

  process.setSourceMapsEnabled(true)
  require.extensions['.ts'] = loadTypeScript
  resolveToSources()
  // No table needs the addon, and the audit should not need it either.
  require(join(root, 'lib', 'load.ts')).loadAddon = () => new Proxy({}, { get: () => () => 0 })

  const look = looker(add)
  const calls = watchCalls(sources(join(root, 'lib', 'wire')), look)
  /** @type {string[]} */
  const problems = []
  for (const file of directories.flatMap(sources)) {
    let exported
    try {
      exported = require(file)
    } catch (error) {
      problems.push(`${relative(root, file)}: does not load: ${String(error).split('\n', 1)[0]}`)
      continue
    }
    look(exported, file)
    const constants = require.cache[file]?.constants ?? {}
    for (const [name, line] of constantLines(file)) {
      addConstant(name, name in exported ? exported[name] : constants[name], `${file}:${line}`, add)
    }
    for (const [number, name] of exported.errnoTable ?? []) add(name, number, lineOf(file, 1, name))
  }
  for (const name of ['attributes', 'struct', 'oneOf', 'bits', 'list']) {
    if (!calls.has(name)) problems.push(`no call of ${name}() was seen: the audit does not find the tables`)
  }
  return { items: [...items.values()], problems }
}

/** The sources below a directory. */
function sources(directory) {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => /(?<!\.d)\.ts$/.test(name))
    .sort()
    .map((name) => join(directory, name))
}

/** Lets the names of packages mean their sources. */
function resolveToSources() {
  const resolve = Module._resolveFilename
  Module._resolveFilename = (request, ...rest) => resolve(packageSources.get(request) ?? request, ...rest)
}

/** Compiles a module in memory, and hands its private constants out. */
function loadTypeScript(module, file) {
  const source = readFileSync(file, 'utf8')
  const kept = [...source.matchAll(constantDeclaration)].filter(([, exported]) => !exported).map(([, , name]) => name)
  const { outputText } = ts.transpileModule(`${source}\nmodule.constants = { ${kept.join(', ')} }\n`, {
    fileName: file,
    compilerOptions: {
      module: ts.ModuleKind.CommonJS,
      target: ts.ScriptTarget.ES2022,
      esModuleInterop: true,
      inlineSourceMap: true,
    },
  })
  module._compile(outputText, file)
}

/** The constants in capitals that a source declares, and their lines. */
function constantLines(file) {
  const source = readFileSync(file, 'utf8')
  return [...source.matchAll(constantDeclaration)].map(({ 2: name, index }) => [
    name,
    source.slice(0, index).split('\n').length,
  ])
}

/** A number by itself, or an object of numbers. */
function addConstant(name, value, where, add) {
  if (typeof value === 'number') add(name, value, where)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return
  const [file, line] = where.split(':')
  for (const [key, part] of Object.entries(value)) {
    if (typeof part === 'number') add(`${name}_${key}`, part, lineOf(file, Number(line), key))
  }
}

/** Has `look` see all that the functions of these modules return. Returns the names of those that were called. */
function watchCalls(files, look) {
  const calls = new Set()
  for (const file of files) {
    const module = require(file)
    for (const [name, original] of Object.entries(module)) {
      if (typeof original !== 'function' || /^class\b/.test(Function.prototype.toString.call(original))) continue
      module[name] = function watched(...args) {
        const result = original(...args)
        calls.add(name)
        if (typeof result === 'object') look(result, callerOf(watched))
        return result
      }
    }
  }
  return calls
}

/** File and line of the call of a function, as its author wrote it. */
function callerOf(callee) {
  const at = {}
  Error.captureStackTrace(at, callee)
  return /\(?(\/[^()]*?:\d+):\d+\)?$/m.exec(at.stack)?.[1] ?? '?'
}

/** File and line of a name in quotes or before a colon, at or after a line; that line if the name is not found. */
function lineOf(file, line, name) {
  const lines = readFileSync(file, 'utf8').split('\n')
  const wanted = new RegExp(`'${name}'|\\b${name}\\b`)
  const found = lines.findIndex((text, i) => i >= line - 1 && wanted.test(text))
  return `${file}:${found < 0 ? line : found + 1}`
}

/** Makes a function that adds everything that can be compared in a value, and in whatever the value holds. */
function looker(add) {
  const seen = new Set()
  return function look(value, where) {
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || seen.has(value)) return
    seen.add(value)
    addTables(value, where, add)
    const parts = value instanceof Map ? [...value.values()] : Object.values(Object.getOwnPropertyDescriptors(value))
    for (const part of parts) look(part !== null && 'value' in Object(part) ? part.value : part, where)
  }
}

/** Adds what a type of lib/wire says of the kernel: the fields are those of AttributeSet, Audited, ListOf and Struct. */
function addTables(type, where, add) {
  const { prefix, table, names, element, name, fields, offsets, size } = type
  const [file, line = '1'] = where.split(':')
  const at = (symbol) => lineOf(file, Number(line), symbol)
  for (const rows of [table, names]) {
    if (typeof prefix !== 'string' || typeof rows !== 'object') continue
    for (const [symbol, number] of Object.values(rows)) add(prefix + symbol, number, at(symbol))
  }
  if (typeof element?.symbol === 'string') add(element.symbol, element.number, at(element.symbol))
  if (typeof name === 'string' && typeof fields === 'object' && offsets instanceof Map) {
    add(`struct ${name}`, `${size} bytes`, where)
    for (const [key, [symbol, fieldType]] of Object.entries(fields)) {
      // Padding that the compiler makes has no name in C.
      if (symbol !== '') {
        add(`struct ${name}.${symbol}`, `${fieldType.size} bytes at ${offsets.get(key)}`, at(symbol))
      }
    }
  }
}

module.exports = { collect }
