// Modules that are loaded when they are first used: they bring along Node's HTTP and TLS, and a codec of DNS, which take longer
// to load than all of the rest.
import type * as agent from '../clients/agent'
import type * as lookup from '../names/lookup'
import type * as resolve from '../names/resolve'

/* eslint-disable @typescript-eslint/no-require-imports -- the only way to load in the middle of a call */
export const agents = (): typeof agent => require('../clients/agent') as typeof agent
export const lookups = (): typeof lookup => require('../names/lookup') as typeof lookup
export const resolvers = (): typeof resolve => require('../names/resolve') as typeof resolve
