// Quality of service of a port: a row of the table QoS, with its queues in the table Queue.
import { integer, oneOf, strings } from './codecs'
import { newValues, readRow, type Columns, type Tx } from './columns'
import type { Strings } from './changes'
import { outOfRange, wrongType } from 'netloom/errors'
import { checkKeys, checkObject } from 'netloom/values'
import type { NewRow } from './ovsdb/rows'
import type { OpenVswitch } from './ovsdb/index'

/** One queue of a port (table Queue). */
export interface QueueSettings {
  /** DSCP that packets of the queue get, 0 to 63. Default: left as it is. */
  readonly dscp?: number | undefined
  /** For `linux-htb`: `min-rate`, `max-rate` (bits a second), `burst`, `priority`. */
  readonly otherConfig?: Strings | undefined
  /** Other data, which the switch ignores. */
  readonly externalIds?: Strings | undefined
}

/**
 * The disciplines of Open vSwitch (netdev-linux.c, netdev-dpdk.c). It would accept an unknown one, write a warning to its log, and send
 * without any.
 */
const disciplines = [
  'linux-htb',
  'linux-hfsc',
  'linux-sfq',
  'linux-codel',
  'linux-fq_codel',
  'linux-netem',
  'linux-noop',
  'egress-policer',
  'trtcm-policer',
] as const

/** A queueing discipline. */
export type QosType = (typeof disciplines)[number]

/** Quality of service of a port (table QoS). */
export interface QosSettings {
  /**
   * The discipline. With `linux-noop` the switch leaves alone what others have set on the device; `egress-policer` and `trtcm-policer` are
   * for devices of DPDK. Another one is refused.
   */
  readonly type: QosType | (string & {})
  /** For `linux-htb`: `max-rate` (bits a second). */
  readonly otherConfig?: Strings | undefined
  /** Other data, which the switch ignores. */
  readonly externalIds?: Strings | undefined
  /** The queues by their numbers, which flows name by `setQueue`. Queue 0 is for all other packets. */
  readonly queues?: Readonly<Record<number, QueueSettings>> | undefined
}

/** Quality of service of a port, as it is. */
export interface Qos extends QosSettings {
  /** The UUID of its row. */
  readonly uuid: string
  /** The queues by their numbers. */
  readonly queues: Readonly<Record<number, QueueSettings>>
}

const queueColumns: Columns<QueueSettings> = {
  dscp: ['dscp', integer(0, 63)],
  otherConfig: ['other_config', strings],
  externalIds: ['external_ids', strings],
}

const qosColumns: Columns<Omit<QosSettings, 'queues'>> = {
  type: ['type', oneOf(...disciplines)],
  otherConfig: ['other_config', strings],
  externalIds: ['external_ids', strings],
}

interface CheckedQos {
  readonly values: Record<string, unknown>
  readonly queues: ReadonlyMap<number, Record<string, unknown>>
}

/** Checks a port's QoS. */
export function checkQos(given: unknown, field: string): CheckedQos {
  const values = newValues(qosColumns, given, field, ['queues'])
  if (values.type === undefined) throw wrongType(`${field}.type`, 'a string', undefined)
  const { queues = {} } = given as { queues?: unknown }
  const checked = Object.entries(checkObject(queues, `${field}.queues`)).map(([number, queue]) => {
    const at = `${field}.queues.${number}`
    if (!/^(0|[1-9]\d{0,9})$/.test(number) || Number(number) > 2 ** 32 - 1) {
      throw outOfRange(at, 'numbered from 0 to 4294967295', number)
    }
    checkKeys(queue, new Set(Object.keys(queueColumns)), at)
    return [Number(number), newValues(queueColumns, queue, at)] as const
  })
  return { values, queues: new Map(checked) }
}

/** Writes a QoS and its queues. */
export function insertQos(tx: Tx, { values, queues }: CheckedQos): NewRow<'QoS'> {
  const rows = [...queues].map(([number, queue]) => [number, tx.insert('Queue', queue as never)] as const)
  return tx.insert('QoS', { ...values, queues: new Map(rows) })
}

/** Reads a QoS and its queues. */
export function readQos(row: OpenVswitch.QoS, queueOf: (uuid: string) => OpenVswitch.Queue | undefined): Qos {
  const queues: Record<number, QueueSettings> = {}
  for (const [number, uuid] of row.queues) {
    const queue = queueOf(uuid)
    if (queue !== undefined) queues[number] = readRow(queueColumns, queue)
  }
  return { ...readRow(qosColumns, row), uuid: row._uuid, queues }
}
