// The recipes by which a batch undoes changes of traffic control.
import type { UndoRecipe } from '../netlink/rollback/recipe'
import { at, Mode, RTM } from './messages'

/** Size of struct tcmsg. */
const headerSize = 20

// TCA_STATS, TCA_XSTATS, TCA_STATS2, TCA_PAD, TCA_HW_OFFLOAD, TCA_EXT_WARN_MSG: only reported.
const dropped = [3, 4, 7, 9, 12, 16]

const common = { mode: 'object', headerSize, dropped, makeFlags: Mode.replace } as const

/** A qdisc. Its tcm_info is how many refer to it. */
export const anyQdisc: UndoRecipe = {
  ...common,
  masked: [[at.info, 0]],
  makeType: RTM.NEWQDISC,
  removeType: RTM.DELQDISC,
}

/** A class. Its tcm_info is the qdisc in it. */
export const anyClass: UndoRecipe = {
  ...common,
  masked: [[at.info, 0]],
  makeType: RTM.NEWTCLASS,
  removeType: RTM.DELTCLASS,
}

/** A filter: tcm_info has its priority and protocol. */
export const anyFilter: UndoRecipe = { ...common, makeType: RTM.NEWTFILTER, removeType: RTM.DELTFILTER }

/** A chain with a template. */
export const anyChain: UndoRecipe = { ...common, makeType: RTM.NEWCHAIN, removeType: RTM.DELCHAIN }
