// Qdiscs as `tc` and as netloom are told of them, and as they are listed.
import type { Qdisc, QdiscOptions } from '../../lib/index'

type Without<T> = T extends unknown ? Omit<T, 'dev'> : never
type Case = readonly [sentence: string, args: string, options: Without<QdiscOptions>, listed: Partial<Qdisc>]

export const cases: readonly Case[] = [
  ['htb', 'handle 1: htb', { kind: 'htb', handle: '1:' }, { kind: 'htb', default: '0', r2q: 10, directPackets: 0 }],
  [
    'htb with all options',
    'handle ffe: htb default 3f r2q 4 direct_qlen 7',
    { kind: 'htb', handle: 'ffe:', default: '3f', r2q: 4, directQueueLength: 7 },
    { kind: 'htb', handle: 'ffe:', parent: 'root', default: '3f', r2q: 4, directQueueLength: 7 },
  ],
  [
    'tbf with a limit',
    'handle 1: tbf rate 1mbit burst 10kb limit 20kb',
    { kind: 'tbf', handle: '1:', rateBitsPerSecond: 1e6, burstBytes: 10240, limitBytes: 20480 },
    { kind: 'tbf', rateBitsPerSecond: 1e6, burstBytes: 10240, limitBytes: 20480 },
  ],
  [
    'tbf with a latency, and a peak rate',
    'handle 1: tbf rate 1mbit burst 10kb latency 50ms peakrate 2mbit minburst 1540',
    {
      kind: 'tbf',
      handle: '1:',
      rateBitsPerSecond: 1e6,
      burstBytes: 10240,
      latencyMilliseconds: 50,
      peakRateBitsPerSecond: 2e6,
      mtuBytes: 1540,
    },
    { kind: 'tbf', limitBytes: 14040, peakRateBitsPerSecond: 2e6, mtuBytes: 1540 },
  ],
  [
    'tbf over ATM',
    'handle 1: tbf rate 8mbit burst 10000b limit 20kb overhead 8 mpu 64 linklayer atm',
    {
      kind: 'tbf',
      handle: '1:',
      rateBitsPerSecond: 8e6,
      burstBytes: 10000,
      limitBytes: 20480,
      overheadBytes: 8,
      mpuBytes: 64,
      linklayer: 'atm',
    },
    { kind: 'tbf', rateBitsPerSecond: 8e6, linklayer: 'atm', overheadBytes: 8, mpuBytes: 64 },
  ],
  [
    'tbf of 40 Gbit',
    'handle 1: tbf rate 40gbit burst 10mb limit 20mb',
    { kind: 'tbf', handle: '1:', rateBitsPerSecond: 40e9, burstBytes: 10485760, limitBytes: 20971520 },
    { kind: 'tbf', rateBitsPerSecond: 40e9, burstBytes: 10485760 },
  ],
  ['pfifo', 'handle 1: pfifo', { kind: 'pfifo', handle: '1:' }, { kind: 'pfifo', limitPackets: 1000 }],
  [
    'pfifo with a limit',
    'handle 1: pfifo limit 7',
    { kind: 'pfifo', handle: '1:', limitPackets: 7 },
    { kind: 'pfifo', limitPackets: 7 },
  ],
  [
    'pfifo_head_drop',
    'handle 1: pfifo_head_drop limit 7',
    { kind: 'pfifo_head_drop', handle: '1:', limitPackets: 7 },
    { kind: 'pfifo_head_drop', limitPackets: 7 },
  ],
  [
    'bfifo with a limit',
    'handle 1: bfifo limit 7000',
    { kind: 'bfifo', handle: '1:', limitBytes: 7000 },
    { kind: 'bfifo', limitBytes: 7000 },
  ],
  [
    'pfifo_fast',
    'handle 1: pfifo_fast',
    { kind: 'pfifo_fast', handle: '1:' },
    { kind: 'pfifo_fast', bands: 3, priomap: [1, 2, 2, 2, 1, 2, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1] },
  ],
  ['mq', 'handle 1: mq', { kind: 'mq', handle: '1:' }, { kind: 'mq' }],
  ['ingress', 'ingress', { kind: 'ingress' }, { kind: 'ingress', handle: 'ffff:', parent: 'ingress' }],
  ['clsact', 'clsact', { kind: 'clsact' }, { kind: 'clsact', handle: 'ffff:', parent: 'ingress' }],
  [
    'prio',
    'handle 1: prio bands 4 priomap 3 2 1 0 1 2 0 0 1 1 1 1 1 1 1 1',
    { kind: 'prio', handle: '1:', bands: 4, priomap: [3, 2, 1, 0, 1, 2, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1] },
    { kind: 'prio', bands: 4, priomap: [3, 2, 1, 0, 1, 2, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1] },
  ],
]

/** What is not about a qdisc's options. */
export function withoutCounters(shown: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(shown).filter(([key]) =>
      ['kind', 'handle', 'parent', 'root', 'options', 'ingress_block', 'egress_block'].includes(key),
    ),
  )
}
