// Whatever Linux's specifications of netlink families say of a message can be declared, written and read.
import { allDeclarations } from './specifications'
import { bytesOf, valueOf } from './codec'
import type { Type } from '../../lib/netlink/index'

const families = allDeclarations()

it('there are the families of the kernel', () => {
  expect(families.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['rt-link', 'tc', 'nftables', 'ethtool', 'nlctrl']),
  )
})

describe.each(families.map((family) => [family.name, family] as const))('%s', (_, family) => {
  it.each([...family.sets.keys()])('%s', (name) => {
    const { type, sample } = family.sets.get(name)!
    for (let i = 0; i < 20; i++) {
      const value = sample(4, {}, {})
      expect(valueOf(type as Type<unknown>, bytesOf(type as Type<unknown>, value))).toEqual(value)
    }
  })
})
