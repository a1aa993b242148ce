// What a namespace inherits comes from the namespace of the process, whichever thread makes it.
import { existsSync } from 'node:fs'
import { reportOf } from '../native/child'

// Since Linux 6.1.
const inheritable = existsSync('/proc/sys/net/ipv4/tcp_child_ehash_entries') ? test : test.skip

inheritable(
  'of many that are made one after another, each inherits from home, also the first that is made ahead',
  async () => {
    const found = await reportOf<string[]>('inherited', [], { within: ['unshare', '--net'] })
    expect(found).toEqual(new Array(180).fill('1024'))
  },
)
