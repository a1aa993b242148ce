// The ids by which namespaces know one another.
import { NetNs } from '../../lib/index'
import { useNetNs } from '../../lib/testing'
import { ip, ownPrefix } from '../support/namespaces'

const net = useNetNs({ names: ['red', 'green', 'blue'], prefix: ownPrefix })

test('a namespace that was never met has no id', async () => {
  const { red, green } = net
  expect(await red.id(green)).toBeUndefined()
})

test('the id that we give is the one that ip lists', async () => {
  const { red, green } = net
  await red.setId(green, 42)
  expect(await red.id(green)).toBe(42)
  expect(await ip(red, 'netns', 'list-id')).toMatch(new RegExp(`nsid 42 \\(iproute2 netns name: ${green.name!}\\)`))
  expect(await green.id(red)).toBeUndefined()
})

test('the id that ip gives is the one that we get', async () => {
  const { red, green } = net
  await ip(red, 'netns', 'set', green.name!, '7')
  expect(await red.id(green)).toBe(7)
})

test('without a wish the kernel chooses an id', async () => {
  const { red, green } = net
  await red.setId(green)
  expect(await ip(red, 'netns', 'list-id')).toContain(`nsid ${String(await red.id(green))} `)
})

test('a second id is refused, and so is one that is taken', async () => {
  const { red, green, blue } = net
  await red.setId(green, 0)
  const error = { name: 'NetlinkError', syscall: 'RTM_NEWNSID', operation: 'NetNs.setId', netns: red.name }
  await expect(red.setId(green, 1)).rejects.toMatchObject({ ...error, code: 'EEXIST' })
  await expect(red.setId(blue, 0)).rejects.toMatchObject(error)
  expect(await red.id(green)).toBe(0)
  expect(await red.id(blue)).toBeUndefined()
})

test('a closed handle has no id, and the error names the call', async () => {
  const { red } = net
  const green = await NetNs.create()
  green.close()
  await expect(red.id(green)).rejects.toMatchObject({ code: 'ERR_NETLOOM_CLOSED', operation: 'NetNs.id' })
  await expect(red.setId(green, 5)).rejects.toMatchObject({ code: 'ERR_NETLOOM_CLOSED', operation: 'NetNs.setId' })
})
