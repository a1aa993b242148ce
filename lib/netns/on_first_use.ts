// Modules that run when they are first used. What they import of Node (HTTP, TLS) the published bundle loads with the rest: to read
// a file later takes a descriptor, of which there may be none left.
import type * as agent from '../clients/agent'
import type * as lookup from '../names/lookup'
import type * as resolve from '../names/resolve'

/* eslint-disable @typescript-eslint/no-require-imports -- the only way to load in the middle of a call */
export const agents = (): typeof agent => require('../clients/agent') as typeof agent
export const lookups = (): typeof lookup => require('../names/lookup') as typeof lookup
export const resolvers = (): typeof resolve => require('../names/resolve') as typeof resolve
