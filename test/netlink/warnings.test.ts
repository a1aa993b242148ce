// What the kernel says though it did what was asked. The example is a class of a htb queueing discipline that is so fast
// that its quantum is too big.
import type { KernelWarning, NetNs } from '../../lib/index'
import { Ending } from '../../lib/native/addon'
import { NLM_F } from '../../lib/netlink/constants'
import { encodeMessage, type Message } from '../../lib/netlink/message'
import type { Answers } from '../../lib/netlink/operation'
import { perform } from '../../lib/netlink/perform'
import { attributes } from '../../lib/wire/attributes'
import { device } from '../../lib/wire/device'
import { u16, u32, u8 } from '../../lib/wire/integers'
import { struct } from '../../lib/wire/struct'
import { text } from '../../lib/wire/text'
import { fresh } from '../support/namespaces'
import { GETADDR, GETLINK, linkMessage, newDevice, operation, rawAddress, send, step } from './raw'

const tcmsg = struct('tcmsg', {
  family: ['tcm_family', u8],
  _pad1: ['tcm__pad1', u8],
  _pad2: ['tcm__pad2', u16],
  index: ['tcm_ifindex', device],
  handle: ['tcm_handle', u32],
  parent: ['tcm_parent', u32],
  info: ['tcm_info', u32],
})

const rate = { cellLog: u8, linkLayer: u8, overhead: u16, cellAlign: u16, mpu: u16, rate: u32 }
const rateFields = (prefix: string): Record<string, readonly [string, (typeof rate)[keyof typeof rate]]> =>
  Object.fromEntries(Object.entries(rate).map(([key, type]) => [`${prefix}${key}`, [`${prefix}${key}`, type]]))

const htbOptions = struct('tc_htb_opt', {
  ...rateFields('rate.'),
  ...rateFields('ceil.'),
  buffer: ['buffer', u32],
  cbuffer: ['cbuffer', u32],
  quantum: ['quantum', u32],
  level: ['level', u32],
  priority: ['prio', u32],
})

const htbGlobal = struct('tc_htb_glob', {
  version: ['version', u32],
  rate2quantum: ['rate2quantum', u32],
  defaultClass: ['defcls', u32],
  debug: ['debug', u32],
  directPackets: ['direct_pkts', u32],
})

const tc = {
  header: tcmsg,
  attributes: attributes('TCA_', {
    kind: ['KIND', 1, text(16)],
    options: ['OPTIONS', 2, attributes('TCA_HTB_', { parms: ['PARMS', 1, htbOptions], init: ['INIT', 2, htbGlobal] })],
  }),
}

const create = { flags: NLM_F.CREATE | NLM_F.EXCL }
const dev = 'ifb-slow'

const newQdisc = (): Message =>
  encodeMessage(tc, 'RTM_NEWQDISC', 36, {
    ...create,
    header: { index: dev, handle: 0x10000, parent: 0xffff_ffff },
    attributes: { kind: 'htb', options: { init: { version: 3, rate2quantum: 10 } } },
  })

const newClass = (minor: number, bytesPerSecond: number): Message => {
  const parms = { 'rate.rate': bytesPerSecond, 'ceil.rate': bytesPerSecond, buffer: 1000, cbuffer: 1000 }
  return encodeMessage(tc, 'RTM_NEWTCLASS', 40, {
    ...create,
    header: { index: dev, handle: 0x10000 + minor, parent: 0x10000 },
    attributes: { kind: 'htb', options: { parms } },
  })
}

const fast = 1_250_000_000
const modest = 1_000_000

describe('a warning of the kernel', () => {
  let ns: NetNs
  let heard: KernelWarning[]
  const onWarning = (warning: KernelWarning): void => {
    heard.push(warning)
  }

  beforeAll(async () => {
    ns = await fresh()
    await send(ns, newDevice(dev))
    await send(ns, newQdisc())
  })

  beforeEach(() => {
    heard = []
  })

  afterAll(async () => {
    await ns[Symbol.asyncDispose]()
  })

  it('about something that succeeded is reported with the operation and the namespace', async () => {
    await send(ns, newClass(1, fast), { onWarning })
    expect(heard).toEqual([
      {
        message: expect.stringMatching(/^sch_htb: quantum of class 10001 is big/) as string,
        operation: 'test.raw',
        netns: ns.name,
      },
    ])
  })

  it('is not there when there is nothing to warn of', async () => {
    await send(ns, newClass(2, modest), { onWarning })
    expect(heard).toEqual([])
  })

  it('becomes a warning of the process if nobody asked for it', async () => {
    const emit = jest.spyOn(process, 'emitWarning').mockReturnValue(undefined)
    try {
      await send(ns, newClass(3, fast))
      expect(emit).toHaveBeenCalledTimes(1)
      expect(emit).toHaveBeenCalledWith(
        expect.stringMatching(`^test\\.raw in netns ${ns.name}: sch_htb: quantum of class 10003 is big`),
        { type: 'NetlinkWarning', code: 'NETLOOM_KERNEL_WARNING' },
      )
      await send(ns, newClass(10, fast), { onWarning })
      expect(emit).toHaveBeenCalledTimes(1)
    } finally {
      emit.mockRestore()
    }
  })

  it('is reported for each message of a step, also for one that is not the last', async () => {
    await send(ns, [newClass(4, fast), newClass(5, modest), newClass(6, fast)], { onWarning })
    expect(heard.map(({ message }) => /class \w+/.exec(message)?.[0])).toEqual(['class 10004', 'class 10006'])
  })

  it('is reported once for each step, also if the result is made of another one', async () => {
    const look = step(ns, [linkMessage(GETLINK, { name: dev })], { ending: Ending.reply })
    let answers = 0
    await perform(
      operation(ns, [step(ns, [newClass(7, fast)]), step(ns, [newClass(8, fast)]), look], {
        result(all) {
          all.forEach(2, () => answers++)
          all.forEach(2, () => answers++)
          all.forEach(0, () => answers++)
          all.forEach(0, () => answers++)
        },
      }),
      { onWarning },
    )
    expect(answers).toBe(2)
    expect(heard.map(({ message }) => /class \w+/.exec(message)?.[0])).toEqual(['class 10007', 'class 10008'])
  })

  it('about a step is reported also if a later one fails', async () => {
    const steps = [step(ns, [newClass(9, fast)]), step(ns, [newDevice(dev)])]
    await expect(perform(operation(ns, steps), { onWarning })).rejects.toMatchObject({ code: 'EEXIST' })
    expect(heard.map(({ message }) => /class \w+/.exec(message)?.[0])).toEqual(['class 10009'])
  })

  it('is not what the kernel says about an error that is tolerated', async () => {
    const request = encodeMessage(rawAddress, ...GETADDR, { flags: NLM_F.DUMP, header: { scope: 9 } })
    const refused = step(ns, [request], { ending: Ending.dump, tolerate: new Set([22]) })
    let answers = 0
    const result = (all: Answers): void => {
      all.forEach(0, () => answers++)
    }
    await perform(operation(ns, [refused], { result }), { onWarning })
    expect(answers).toBe(0)
    expect(heard).toEqual([])
  })
})
