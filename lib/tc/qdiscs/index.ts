// The list of kinds of qdiscs: a new one has a file of its own and an entry here.
import { kindsOf } from '../kind'
import { codel, fqCodel } from './codel'
import { ets } from './ets'
import { bfifo, pfifo, pfifoHeadDrop } from './fifo'
import { fq } from './fq'
import { hfsc } from './hfsc'
import { hhf } from './hhf'
import { clsact, ingress, mq, noqueue } from './hooks'
import { htb } from './htb'
import { netem } from './netem'
import { fqPie, pie } from './pie'
import { pfifoFast, prio } from './prio'
import { drr, qfq } from './rounds'
import { cbs, etf, multiq, plug, skbprio } from './small'
import { tbf } from './tbf'

/** Kinds of qdiscs by name. */
export const qdiscKinds = kindsOf([
  htb,
  hfsc,
  drr,
  qfq,
  ets,
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
  multiq,
  skbprio,
  netem,
  fq,
  fqCodel,
  fqPie,
  codel,
  pie,
  hhf,
  plug,
  cbs,
  etf,
])
