'use strict'
// A dependent that says require().
const { NetNs } = require('netloom')
const { checkLeaks, holdings } = require('netloom/testing')

async function main() {
  const before = holdings()
  const ns = await NetNs.create()
  try {
    const names = (await ns.links.list()).map((link) => link.name)
    if (!names.includes('lo')) throw new Error(`a new namespace has ${names}, not lo`)
  } finally {
    await ns[Symbol.asyncDispose]()
  }
  await checkLeaks(before)
  console.log(`require: lo is there, Node ${process.version}`)
}

main().catch((error) => {
  console.error(error)
  process.exitCode = 1
})
