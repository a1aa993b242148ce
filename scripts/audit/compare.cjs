'use strict'
// Compares what our tables say with what the headers say, and what the headers do not have with the list of those known.

/**
 * What is known of a symbol that headers may lack: its value, and the version of Linux that it came with or, if it
 * stands in no header for user space, the file of the kernel's sources that has it.
 * @typedef {{ value: number | string, since: string } | { value: number | string, internal: string }} Known
 */

/** Whether version `a` is `b` or an earlier one. */
function notAfter(a, b) {
  const [x, y] = [a, b].map((version) => version.split('.').map(Number))
  return x[0] < y[0] || (x[0] === y[0] && x[1] <= y[1])
}

/** What is wrong about a symbol that the headers do not have. */
function judgeMissing({ key, value, where }, known, version) {
  if (known === undefined) return `${where}: ${key} = ${value} is neither in the headers nor in the list of newer ones`
  if (known.value !== value) return `${where}: ${key} is ${value} here, ${known.value} in the list of newer ones`
  if ('internal' in known || !notAfter(known.since, version)) return undefined
  return `${where}: ${key} is listed as new in Linux ${known.since}, but the headers of ${version} lack it`
}

/**
 * @param {readonly import('./collect.cjs').Item[]} items
 * @param {{ version: string, values: Map<string, number | string> }} headers
 * @param {Readonly<Record<string, Known>>} list
 */
function compare(items, { version, values }, list) {
  const problems = []
  const found = { numbers: new Set(), structs: new Set(), newer: new Set(), internal: new Set() }
  for (const item of items) {
    const { key, value, where } = item
    if (!key.startsWith('struct ')) found.numbers.add(key)
    else if (!key.includes('.')) found.structs.add(key)

    const known = list[key]
    const actual = values.get(key)
    if (actual === value) continue
    if (actual === undefined) {
      const problem = judgeMissing(item, known, version)
      if (problem !== undefined) problems.push(problem)
      else found['internal' in known ? 'internal' : 'newer'].add(key)
    } else if (found.structs.has(key) && known?.value === value) {
      // Structs grow; ours may be the longer or the shorter one if the list says so.
      found.newer.add(key)
    } else {
      problems.push(`${where}: ${key} is ${value} here, ${actual} in the headers`)
    }
  }
  const keys = new Set(items.map(({ key }) => key))
  for (const [key, { value }] of Object.entries(list)) {
    const actual = values.get(key)
    if (!keys.has(key)) problems.push(`the list of newer ones has ${key}, which is in no table`)
    else if (actual !== undefined && actual !== value && !found.structs.has(key)) {
      problems.push(`${key} is ${value} in the list of newer ones, ${actual} in the headers`)
    }
  }
  return {
    problems,
    numbers: found.numbers.size,
    structs: found.structs.size,
    newer: found.newer.size,
    internal: found.internal.size,
  }
}

module.exports = { compare }
