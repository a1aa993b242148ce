// Actions: what happens to packets that filters match (TCA_ACT_), as filters have them and by themselves.
import { attributes, type UnknownAttribute } from '../wire/attributes'
import { u32 } from '../wire/integers'
import { bitfield32 } from '../wire/switches'
import { checkObject } from '../wire/invalid'
import { indexedArray } from '../wire/nesting'
import { ignored, readOnly } from '../wire/read_only'
import { binary, text } from '../wire/text'
import type { Type } from '../wire/type'
import { taggedBy } from '../wire/nesting'
import { actionKinds } from './actions'
import { optionsByKind, unnamed, type GivenBy, type TakenBy } from './kind'
import { kindOf, ownOptions } from './messages'
import { statisticsOf, stats2, type TcStatistics } from './statistics'

/** Kinds of actions whose options this version knows. */
export type ActionKindName = keyof typeof actionKinds

const set = attributes('TCA_ACT_', {
  kind: ['KIND', 1, text(15, undefined, 1)],
  options: ['OPTIONS', 2, unnamed(taggedBy('kind', optionsByKind(actionKinds)))],
  index: ['INDEX', 3, u32],
  statistics: ['STATS', 4, readOnly(stats2({}))],
  pad: ['PAD', 5, ignored],
  cookie: ['COOKIE', 6, binary(16)],
  flags: [
    'FLAGS',
    7,
    bitfield32('TCA_ACT_FLAGS_', {
      noPercpuStatistics: ['NO_PERCPU_STATS', 1],
      skipHardware: ['SKIP_HW', 2],
      skipSoftware: ['SKIP_SW', 4],
    }),
  ],
  hardwareStatistics: [
    'HW_STATS',
    8,
    bitfield32('TCA_ACT_HW_STATS_', { immediate: ['IMMEDIATE', 1], delayed: ['DELAYED', 2] }),
  ],
  usedHardwareStatistics: ['USED_HW_STATS', 9, ignored],
  inHardwareCount: ['IN_HW_COUNT', 10, readOnly(u32)],
})

/** What options of actions of all kinds have. */
export interface ActionCommon {
  /** Up to 16 bytes of the caller's, which come back. Default: none. */
  cookie?: Uint8Array | undefined
}

/** An action of a kind that this version does not know. */
export interface OtherAction extends ActionCommon {
  /** The kind is in `tcKind`. */
  kind: 'other'
  /** TCA_ACT_KIND. */
  tcKind: string
  /** TCA_ACT_OPTIONS. */
  data?: Uint8Array | undefined
}

/** An action to do. With an `index` alone it is one that is there. */
export type ActionOptions =
  | {
      [K in ActionKindName]: ActionCommon & {
        /** The kind (TCA_ACT_KIND). */
        kind: K
      } & TakenBy<(typeof actionKinds)[K]['options']>
    }[ActionKindName]
  | OtherAction

interface Reported {
  /** What it has counted. */
  statistics?: TcStatistics
  /** Attributes that this version does not decode. */
  unknown?: UnknownAttribute[]
}

/** An action as it is, discriminated by `kind`. */
export type Action =
  | {
      [K in ActionKindName]: ActionCommon &
        Reported & {
          /** The kind (TCA_ACT_KIND). */
          kind: K
        } & GivenBy<(typeof actionKinds)[K]['options']>
    }[ActionKindName]
  | (OtherAction & Reported)

const common = new Set(['kind', 'cookie', 'statistics', 'unknown'])

/** One action. */
export const action: Type<Action> = {
  size: 0,
  nested: true,
  encode(writer, value, field) {
    const given = checkObject(value, field === '' ? 'action' : field)
    const { name, own } = ownOptions(given, common, actionKinds, field)
    const { cookie } = value
    set.encode(writer, { kind: name, options: own, cookie }, field)
  },
  decode(reader, at, end) {
    const { kind, options, statistics, cookie, unknown } = set.decode(reader, at, end)
    return {
      ...kindOf(kind, options, actionKinds),
      ...(cookie === undefined ? {} : { cookie }),
      ...(statistics === undefined ? {} : { statistics: statisticsOf(statistics) }),
      ...(unknown === undefined ? {} : { unknown }),
    } as unknown as Action
  },
  path: (reader, at, end, target) => set.path(reader, at, end, target),
}

/** The actions of a filter, one after another: TCA_ACT_MAX_PRIO of them at most. */
export const actions: Type<readonly ActionOptions[]> = indexedArray(action)
