// The errno table, against Node's, Python's and the C headers.
import { spawnSync } from 'node:child_process'
import { constants } from 'node:os'
import { errnoMeaning, errnoName, errnoNumber, errnoTable } from '../../lib/errno'
import { isAlreadyExists, isNotFound, NetlinkError, NetloomError, systemError } from '../../lib/errors'

/** Names that are another one's in the headers of Linux: `#define EWOULDBLOCK EAGAIN`. */
const aliases = new Set(['EWOULDBLOCK', 'EDEADLOCK', 'ENOTSUP'])
/** What the kernel keeps to itself, but lets through in netlink. */
const isInternal = (name: string): boolean => (errnoNumber(name) ?? 0) >= 512

function output(command: string, args: readonly string[], input = ''): string | undefined {
  const { status, stdout } = spawnSync(command, args, { input, encoding: 'utf8' })
  return status === 0 ? stdout : undefined
}

const script = 'import errno, json; print(json.dumps({name: number for number, name in errno.errorcode.items()}))'
const python = output('python3', ['-c', script])
const headers = output('gcc', ['-E', '-dM', '-include', 'errno.h', '-'])

const defined = (headers ?? '').split('\n').flatMap((line) => {
  const [, name, number] = /^#define (E[A-Z0-9]+) (\d+)$/.exec(line) ?? []
  return name === undefined ? [] : [[name, Number(number)] as const]
})

const lists: [string, Record<string, number> | undefined][] = [
  ['Node', constants.errno],
  ['Python', python === undefined ? undefined : (JSON.parse(python) as Record<string, number>)],
  ['the C headers', headers === undefined ? undefined : Object.fromEntries(defined)],
]

describe.each(lists.filter(([, list]) => list !== undefined))('the errno table and that of %s', (_who, list) => {
  const known = Object.entries(list!).filter(([name]) => !aliases.has(name))

  it('are long enough to compare', () => {
    expect(known.length).toBeGreaterThan(70)
  })

  it.each(known)('agree on %s', (name, number) => {
    expect(errnoName(number)).toBe(name)
    expect(errnoNumber(name)).toBe(number)
  })
})

const compiled = headers === undefined ? it.skip : it

compiled('the errno table has nothing that the C headers do not have, but what the kernel lets through', () => {
  const there = new Set(defined.map(([name]) => name))
  expect([...errnoTable.values()].filter((name) => !there.has(name) && !isInternal(name))).toEqual([])
})

it('each name stands for one number and each number for one name', () => {
  expect(new Set(errnoTable.values()).size).toBe(errnoTable.size)
  for (const [number, name] of errnoTable) expect(errnoNumber(name)).toBe(number)
})

it('a number that nobody knows is shown as it is', () => {
  expect(errnoName(999)).toBe('E999')
  expect(errnoMeaning(999)).toBe('e999')
  expect(errnoNumber('ENOSUCHTHING')).toBeUndefined()
})

it.each([...errnoTable])('%i (%s) has a meaning in words', (number) => {
  expect(errnoMeaning(number)).toMatch(/^[a-z]/)
})

describe('an error of the system', () => {
  it("has the fields of Node's own", () => {
    const error = systemError({ operation: 'NetNs.open', errno: 2, syscall: 'openat', netns: 'red', about: 'it' })
    expect(error).toMatchObject({ code: 'ENOENT', errno: -2, syscall: 'openat', operation: 'NetNs.open', netns: 'red' })
    expect(error.message).toBe('ENOENT: does not exist, NetNs.open it (openat) in netns red')
    expect(error).toBeInstanceOf(NetloomError)
    expect(error).not.toBeInstanceOf(NetlinkError)
  })

  it('says what is needed when something is not permitted', () => {
    const { message } = systemError({ operation: 'NetNs.create', errno: 1, syscall: 'unshare' })
    expect(message).toContain('CAP_SYS_ADMIN')
  })
})

describe('the tests for idempotence', () => {
  const error = (code: string): NetloomError => systemError({ operation: 'x', errno: errnoNumber(code)! })

  it.each(['ENOENT', 'ENODEV', 'ESRCH', 'ENXIO', 'EADDRNOTAVAIL'])('%s means that it is not there', (code) => {
    expect([isNotFound(error(code)), isAlreadyExists(error(code))]).toEqual([true, false])
  })

  it('EEXIST means that it is there already', () => {
    expect([isNotFound(error('EEXIST')), isAlreadyExists(error('EEXIST'))]).toEqual([false, true])
  })

  it.each([error('EPERM'), error('EBUSY'), undefined, null, 'ENOENT', { code: 2 }, new Error('ENOENT')])(
    '%p means neither',
    (value) => {
      expect([isNotFound(value), isAlreadyExists(value)]).toEqual([false, false])
    },
  )
})
