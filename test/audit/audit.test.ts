// The audit against the kernel's headers must find what is wrong: here are tables with mistakes.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const script = join(__dirname, '..', '..', 'scripts', 'audit', 'index.cjs')
const fixture = join(__dirname, 'fixture')

function audit(...args: string[]): { status: number | null; lines: string[] } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' })
  expect(stderr).toBe('')
  return { status, lines: stdout.trimEnd().split('\n') }
}

describe('an audit of wrong tables', () => {
  let status: number | null
  let lines: string[]

  beforeAll(() => {
    ;({ status, lines } = audit(fixture, join(fixture, 'newer.json')))
  })

  it('fails', () => {
    expect(status).toBe(1)
    expect(lines.at(-1)).toMatch(
      /^audit: 19 numbers, 3 structs compared .*; 1 newer than these headers, .*; \d+ differ$/,
    )
  })

  it.each([
    ['a private constant', /tables\.ts:10: NLA_F_NESTED is 16384 here, 32768 in the headers/],
    ['a member of an object of constants', /NLMSG_ERROR is 3 here, 2 in the headers/],
    ['an attribute of a private set', /tables\.ts:17: IFLA_MACVLAN_FLAGS is 3 here, 2 in the headers/],
    ['one of a set of names', /MACVLAN_MODE_SOURCE is 15 here, 16 in the headers/],
    ['a flag', /MACVLAN_FLAG_NODST is 4 here, 2 in the headers/],
    ['the element of a list', /IFLA_ALT_IFNAME is 54 here, 53 in the headers/],
    ['a set that a tag announces', /IFLA_VLAN_ID is 2 here, 1 in the headers/],
    ['a name that no header has', /tables\.ts:28: IFLA_CARIER = 33 is neither in the headers nor in the list/],
    ['a struct of another size', /struct ifinfomsg is 7 bytes here, 16 bytes in the headers/],
    ['a field at another offset', /struct ifinfomsg.ifi_index is 4 bytes at 3 here, 4 bytes at 4 in the headers/],
    ['a struct that no header has', /struct netloom_nothing = 1 bytes is neither in the headers nor in the list/],
    ['a value that differs from the list', /IFLA_MISTAKEN is 8 here, 80 in the list of newer ones/],
    ['a listed name that old headers should have', /IFLA_OLD is listed as new in Linux 4\.1, but the headers of/],
    ['a list that differs from the headers', /IFLA_MTU is 5 in the list of newer ones, 4 in the headers/],
    ['a listed name that is in no table', /the list of newer ones has IFLA_UNUSED, which is in no table/],
    ['a module that does not load', /broken\.ts: does not load: Error: on purpose/],
    ['that there is too little to compare', /only 19 numbers and 3 structs were found/],
  ])('names %s', (_what, line) => {
    expect(lines.filter((text) => line.test(text))).toHaveLength(1)
  })

  it('says nothing of what is right', () => {
    const right = /NLMSG_(NOOP|DONE)|MACVLAN_MODE_BRIDGE|IFLA_KNOWN|IFLA_CARRIER|rtgenmsg|ifi_family/
    expect(lines.filter((text) => right.test(text))).toEqual([])
  })
})

it('an audit that finds no tables fails', () => {
  const empty = mkdtempSync(join(tmpdir(), 'netloom-audit-'))
  const { status, lines } = audit(empty)
  rmdirSync(empty)
  expect(status).toBe(1)
  expect(lines.join('\n')).toMatch(/no call of attributes\(\) was seen[^]*only 0 numbers and 0 structs were found/)
})
