// What happens to handles that nobody holds any more.
import { reportOf } from './child'

interface Warned {
  name: string
  code: string
  message: string
  detail?: string
}
interface Report {
  target: string
  open: boolean
  listed?: number
  warned?: number
  warnings: Warned[]
}

const node = ['--expose-gc']

test('a handle that is collected while it is open warns once, and is closed', async () => {
  const { target, open, warnings } = await reportOf<Report>('collected', ['open'], { node })
  expect(open).toBe(false)
  expect(warnings).toMatchObject([{ name: 'NetloomWarning', code: 'NETLOOM_HANDLE_COLLECTED' }])
  expect(warnings[0]!.message).toContain(target)
  expect(warnings[0]!.message).toContain('NODE_DEBUG=netloom')
  expect(warnings[0]!.detail).toBeUndefined()
})

test('of many that are collected the first is told, then their number, ever more seldom', async () => {
  const { open, warnings } = await reportOf<Report>('collected', ['many'], { node })
  expect(open).toBe(false)
  const told = warnings.map(({ message }) => /^(The|\d+) handles? /.exec(message)?.[1])
  expect(told).toEqual(['The', '10', '100'])
  expect(new Set(warnings.map(({ code }) => code))).toEqual(new Set(['NETLOOM_HANDLE_COLLECTED']))
})

test('handles of namespaces that this program has deleted by name or prefix are collected without a word', async () => {
  const { open, warnings } = await reportOf<Report>('collected', ['deleted'], { node })
  expect(open).toBe(false)
  expect(warnings).toEqual([])
})

test('with NODE_DEBUG=netloom the warning tells where the handle was opened', async () => {
  const env = { NODE_DEBUG: 'http,netloom' }
  const { warnings } = await reportOf<Report>('collected', ['open'], { node, env })
  expect(warnings).toHaveLength(1)
  expect(warnings[0]!.detail).toContain('opened here')
  expect(warnings[0]!.detail).toContain('openAndForget')
})

test('a closed handle is collected without a word', async () => {
  expect((await reportOf<Report>('collected', ['closed'], { node })).warnings).toEqual([])
})

test('a resource that is kept alone keeps the handle', async () => {
  const report = await reportOf<Report>('collected', ['resource'], { node })
  expect(report).toMatchObject({ open: true, listed: 1, warned: 0 })
})
