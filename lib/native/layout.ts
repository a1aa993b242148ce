// The numbers that both sides of the crossing know: the layout of a plan, and what the addon counts by name. Declared here
// alone: `npm run generate:layout` makes native/base/layout.h of it, and a test sees to it that the two agree.

/** What stands at the beginning of a section of a plan, word by word. */
export const planHead = {
  /** How many words the section has. */
  words: 0,
  /** How many bytes belong to them: a multiple of 4 where another section follows. */
  bytes: 1,
  namespaces: 2,
  rollback: 3,
  stopAtFailure: 4,
  recipes: 5,
  operations: 6,
  /** How many names belong to them. */
  names: 7,
  /** How many sections the plan has: what the first one says of this, of rollback and of stopping counts for all. */
  sections: 8,
} as const

/** How many words these have, without the lists that may follow. */
export const planSize = { head: 9, creation: 4, step: 12, relocation: 4, recipe: 11 } as const

/** In place of a number of steps: a namespace is created. */
export const creationMark = { creation: -1 } as const

/** Traits of a creation, by bit. */
export const creationTrait = { ephemeral: 1, rootless: 2 } as const

/** Traits of a step, by bit. */
export const stepTrait = {
  /** It only takes back the step before it. */
  undo: 1,
  undivided: 2,
  lasting: 4,
  flush: 8,
  /** Of a flush: the last objects first. */
  backwards: 16,
  /** It has side effects. */
  sideEffects: 32,
  /** Of a flush: only the first match. */
  firstOnly: 64,
  ensures: 128,
  expects: 256,
} as const

/** What is filled in when a step is sent. */
export const relocation = { deviceIndex: 0, netnsDescriptor: 1 } as const

/** Traits of a test of a pattern, by bit. */
export const testTrait = { header: 1, negated: 2, zeroIsAbsent: 4, presence: 8, part: 16, atMost: 32 } as const

/** How a change is undone. */
export const recipeMode = { settings: 0, object: 1 } as const

/** Lanes: the queues of jobs, each with a thread of its own. */
export const lane = { mutation: 0, query: 1, read: 2, removal: 3, supply: 4 } as const

/** What ends the answer to a step's messages. */
export const ending = { ack: 0, dump: 1, reply: 2, lastAck: 3 } as const

/** The state of an operation. */
export const outcome = { waiting: 0, done: 1, failed: 2, undone: 3, stuck: 4 } as const

/** The result of `cancel`. */
export const cancelled = { beforeStart: 0, whileRunning: 1, tooLate: 2, interrupted: 3 } as const

/** The task of a launcher. */
export const launchTask = { run: 0, make: 1, ask: 2, serve: 3 } as const

/** Traits of a launch, by bit. */
export const launchFlag = {
  uid: 1,
  gid: 2,
  groups: 4,
  /** The mounts of `ip netns exec`. */
  etc: 8,
  /** SIGKILL when the thread ends that has started it. */
  dieWithParent: 16,
  /** It keeps only the capabilities in the plan. */
  capabilities: 32,
  noNewPrivileges: 64,
  /** newuidmap(1) and newgidmap(1) may write the maps. */
  helpers: 128,
} as const

/** The largest message to a launcher, in bytes. */
export const launchMessage = { largest: 128 * 1024 } as const

/** What of a namespace a launcher reads or changes. */
export const launchAbout = { host: 0, domain: 1, offsets: 2 } as const

/** The offsets of the fields in the plan of a launch, in words; a part has two words, its offset behind the plan and its size. */
export const launchPlan = {
  task: 0,
  flags: 1,
  made: 2,
  uid: 14,
  gid: 15,
  capabilities: 18,
  about: 20,
  changes: 21,
  uidMap: 22,
  gidMap: 24,
  host: 26,
  domain: 28,
  offsets: 30,
  directory: 32,
  etcDirectory: 34,
  mounts: 36,
  groups: 38,
  seccomp: 40,
  size: 42,
} as const
