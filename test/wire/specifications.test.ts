// Whatever Linux's specifications of netlink families say of a message can be declared, written and read.
import { allDeclarations } from './specifications'
import { bytesOf, valueOf } from './codec'
import type { Type } from '../../lib/netlink/index'

const families = allDeclarations()

// Not every Debian has the package that they come from: scripts/kernel-specs.sh says so then.
const fetched = families.length > 0

;(fetched ? it : it.skip)('there are the families of the kernel', () => {
  expect(families.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['rt-link', 'tc', 'nftables', 'ethtool', 'nlctrl']),
  )
})

for (const { name: family, sets } of families) {
  describe(family, () => {
    it.each([...sets.keys()])('%s', (name) => {
      const { type, sample } = sets.get(name)!
      for (let i = 0; i < 20; i++) {
        const value = sample(4, {}, {})
        expect(valueOf(type as Type<unknown>, bytesOf(type as Type<unknown>, value))).toEqual(value)
      }
    })
  })
}
