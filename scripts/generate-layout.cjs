'use strict'
// Writes native/base/layout.h, the C++ face of lib/native/layout.ts. With --check it writes nothing, and fails where they differ.
const { readFileSync, writeFileSync } = require('node:fs')
const { join } = require('node:path')
const ts = require('typescript')

const root = join(__dirname, '..')
const source = join(root, 'lib', 'native', 'layout.ts')
const target = join(root, 'native', 'base', 'layout.h')

/** `firstOnly` as `first_only`. */
const snake = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** The tables that the module exports: name → name → number. */
function tables() {
  const { outputText } = ts.transpileModule(readFileSync(source, 'utf8'), {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2023 },
  })
  const exported = {}
  new Function('exports', outputText)(exported)
  return Object.entries(exported).filter(([name]) => name !== '__esModule')
}

function header() {
  const spaces = tables().map(([name, table]) => {
    const lines = Object.entries(table).map(([key, value]) => `inline constexpr int32_t ${snake(key)} = ${value};`)
    return `namespace ${snake(name)} {\n${lines.join('\n')}\n}  // namespace ${snake(name)}\n`
  })
  return [
    '// Generated from lib/native/layout.ts by scripts/generate-layout.cjs: the numbers that JavaScript and C++ share.',
    '#pragma once\n',
    '#include <cstdint>\n',
    'namespace netloom::layout {\n',
    `${spaces.join('\n')}`,
    '}  // namespace netloom::layout\n',
  ].join('\n')
}

const wanted = header()
if (!process.argv.includes('--check')) writeFileSync(target, wanted)
else if (readFileSync(target, 'utf8') !== wanted) {
  console.error('native/base/layout.h is not what lib/native/layout.ts says: npm run generate:layout')
  process.exitCode = 1
}
