// ingress and clsact: places for filters, at what comes in and what goes out. They queue nothing and have no options.
import { attributes } from '../../wire/attributes'
import { qdiscKind } from './kind'

const none = attributes('TCA_', {})

export const ingress = qdiscKind('ingress', none, { optional: true })
export const clsact = qdiscKind('clsact', none, { optional: true, module: 'ingress' })

/** noqueue: packets are sent at once. mq: a queue for each of the device's. Neither has options. */
export const noqueue = qdiscKind('noqueue', none, { optional: true, module: 'generic' })
export const mq = qdiscKind('mq', none, { optional: true, module: 'mq' })
