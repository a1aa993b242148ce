'use strict'
// The audit of our tables against the kernel's headers: collects what the tables say, asks the headers, compares.
//
//   node scripts/audit/index.cjs [directory of sources (without: of all packages) [list of known symbols]]
const { join, relative, resolve } = require('node:path')
const { collect } = require('./collect.cjs')
const { compare } = require('./compare.cjs')
const { askHeaders } = require('./headers.cjs')
const { directories } = require('../sources.cjs')

const root = join(__dirname, '..', '..')

/** Fewer than these means that the tables were not found, not that there are none. */
const fewest = { numbers: 500, structs: 10 }

function main([directory, list = join(__dirname, 'newer.json')]) {
  const audited = directory === undefined ? directories.map((one) => join(one, 'lib')) : [resolve(directory)]
  const { items, problems: unread } = collect(root, audited)
  const headers = askHeaders(items)
  const { problems: different, numbers, structs, newer, internal } = compare(items, headers, require(resolve(list)))
  const problems = [...unread, ...different]
  if (numbers < fewest.numbers || structs < fewest.structs) {
    problems.push(
      `${audited.map((one) => relative('', one) || one).join(', ')}: only ${numbers} numbers and ${structs} structs were found, ` +
        `there must be at least ${fewest.numbers} and ${fewest.structs}`,
    )
  }
  for (const problem of problems) console.log(problem)
  console.log(
    `audit: ${numbers} numbers, ${structs} structs compared with the headers of Linux ${headers.version}; ` +
      `${newer} newer than these headers, ${internal} not in any; ${problems.length} differ`,
  )
  if (problems.length > 0) process.exitCode = 1
}

main(process.argv.slice(2))
