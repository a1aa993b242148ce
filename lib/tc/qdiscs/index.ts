// The list of kinds of qdiscs: a new one has a file of its own and an entry here.
import { kindsOf } from '../kind'
import { bfifo, pfifo, pfifoHeadDrop } from './fifo'
import { clsact, ingress, mq, noqueue } from './hooks'
import { htb } from './htb'
import { pfifoFast, prio } from './prio'
import { tbf } from './tbf'

/** Kinds of qdiscs by name. */
export const qdiscKinds = kindsOf([
  htb,
  tbf,
  ingress,
  clsact,
  noqueue,
  mq,
  pfifo,
  pfifoHeadDrop,
  bfifo,
  pfifoFast,
  prio,
])
