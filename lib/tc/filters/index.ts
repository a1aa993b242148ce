// The list of kinds of filters: a new one has an entry here.
import { kindsOf } from '../kind'
import { flower } from './flower'
import { basic, bpf, cgroup, fw, matchall, route } from './simple'
import { u32Filter } from './u32'

/** Kinds of filters by name. */
export const filterKinds = kindsOf([u32Filter, matchall, flower, basic, fw, route, bpf, cgroup])
