// What libraries on top of netloom import: the subpaths that load no addon, and what they have.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import * as errors from '../../lib/public/errors'
import * as values from '../../lib/public/values'
import * as core from '../../lib/index'

const root = join(__dirname, '..', '..')

test.each(['netloom/errors', 'netloom/values', '@netloom/ovs/ovsdb'])('%s loads no addon', (name) => {
  const program = `require(${JSON.stringify(name)})
    const addons = process.report.getReport().sharedObjects.filter((path) => path.endsWith('.node'))
    console.log(JSON.stringify(addons))`
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', program], { cwd: root, encoding: 'utf8' })
  expect({ stdout: stdout.trim(), stderr }).toEqual({ stdout: '[]', stderr: '' })
})

test('the classes of errors are those of the core', () => {
  expect(errors.NetloomError).toBe(core.NetloomError)
  expect(errors.AbortError).toBe(core.AbortError)
  expect(errors.isNotFound).toBe(core.isNotFound)
})

test('a library refuses what it is given as netloom does', () => {
  const start = (options: unknown): unknown => {
    values.checkKeys(options, new Set(['port', 'address', 'log']))
    const { port, address, log } = options as Record<string, unknown>
    values.checkInteger(port, 1, 65_535, 'port')
    if (log !== undefined) values.checkPath(log, 'log')
    return values.formatIPv4(values.parseIP(address, 'address', 'ipv4'))
  }
  const refusal = (options: unknown): unknown => {
    try {
      return start(options)
    } catch (error) {
      expect(errors.isInvalid(error)).toBe(true)
      return `${(error as Error).name}: ${(error as Error).message}`
    }
  }
  expect(refusal({ port: 80, address: '10.0.0.1' })).toBe('10.0.0.1')
  expect(refusal({ prot: 80 })).toBe('TypeError: Unknown option "prot"; did you mean "port"?')
  expect(refusal({ port: 0 })).toBe('RangeError: The "port" option must be an integer from 1 to 65535; received 0')
  expect(refusal({ port: 80, address: '::1' })).toBe(
    'TypeError: The "address" option must be an IPv4 address; received "::1"',
  )
  expect(refusal({ port: 80, address: '10.0.0.1', log: 'here' })).toBe(
    'TypeError: The "log" option must be an absolute path; received "here"',
  )
})

test('a library fails as netloom does', () => {
  const error = errors.systemError({ operation: 'agent.start', errno: errors.errnoNumber('EEXIST')!, syscall: 'open' })
  expect(error).toBeInstanceOf(core.NetloomError)
  expect(error).toMatchObject({ code: 'EEXIST', errno: -17, syscall: 'open', operation: 'agent.start' })
  expect(errors.isAlreadyExists(error)).toBe(true)
  const own = new errors.NetloomError('agent.start: no licence', 'ERR_AGENT_LICENCE', {
    operation: 'agent.start',
    cause: error,
  })
  expect(own).toMatchObject({ code: 'ERR_AGENT_LICENCE', errno: undefined, cause: error })
})
