// A family of netlink declared as a table: from it come typed methods that work alone and in batches with rollback.
import { Ending, Lane } from '../native/addon'
import type { NetnsReference, NetnsTarget } from '../native/netns_handle'
import type { AttributesOf, AttributeSet, AttributeTable } from '../wire/attributes'
import { checkObject, wrongType, wrongValue } from '../wire/invalid'
import { printableThroughout } from '../wire/printable'
import { struct, type Fields, type Struct, type StructValue } from '../wire/struct'
import { attributes } from '../wire/attributes'
import { NETLINK, NLM_F } from './constants'
import {
  tableOf,
  type Codec,
  type CommandDeclaration,
  type DeclaredObjects,
  type ObjectsDeclaration,
} from './family_objects'
import { genlmsghdr, familyNumber } from './generic'
import { decodeMessage, encodeMessage, type Layout, type Message, type NumberedFamily, type Received } from './message'
import type { Operation, Step } from './operation'
import { objectVerbs, type ObjectVerbs } from './objects'
import { Shapes, type Rollback } from './shapes'
import type { BitSetNumbers } from './rollback/recipe'
import { methods, batchVerbs, targetOf, type BatchTarget, type Methods, type BatchVerbs, type Verbs } from './verbs'

type AnySet = AttributeSet<AttributeTable>

/** Another operation of the family, and what it is asked with. */
export interface Related<Request> {
  /** Its name in the table. */
  readonly operation: string
  /** What it is asked with, by what the operation itself was asked with. Default: the same. */
  readonly request?: (request: Request) => object
}

/** An operation that tells the values which another one changes. */
export interface Restore<Request> extends Related<Request> {
  /** An attribute among them that is a set of bits by name (ETHTOOL_A_BITSET_), of which only those that are changed matter. */
  readonly bits?: BitSetNumbers
}

/** An operation of a family, as it is declared. */
export interface OperationDeclaration<Request extends AttributeTable = AttributeTable> extends CommandDeclaration {
  /** The attributes that it takes. Default: none. */
  readonly request?: AttributeSet<Request>
  /** The attributes that the kernel answers with. Default: none; it is acknowledged. */
  readonly reply?: AnySet
  /** The kernel answers with all objects that there are (NLM_F_DUMP). Default: false, with one. */
  readonly dump?: boolean
  /** NLM_F_ flags besides those that follow from the rest: NLM_F_CREATE, for example. Default: 0. */
  readonly flags?: number
  /** Attributes without which it cannot be asked. Default: none. */
  readonly required?: readonly (keyof Request & string)[]
  /** What takes it back if a batch is rolled back: an operation that removes what this one makes. */
  readonly undo?: Related<AttributesOf<Request>>
  /**
   * What tells, before it is done, the values that it changes, so that they can be set again if a batch is rolled back: an
   * operation with a reply, whose attributes are those of this one's request. One that has neither this nor `undo` stays
   * done, and the batch says so.
   */
  readonly restore?: Restore<AttributesOf<Request>>
}

/** A declared operation, with the types of what it takes and gives. */
export interface DeclaredOperation<Argument, Result, Required extends boolean> {
  /** What it is declared as. */
  readonly declaration: OperationDeclaration
  /** @internal */
  readonly types?: { readonly argument: Argument; readonly result: Result; readonly required: Required }
}

type Argument<Request extends AttributeTable, Needed extends keyof Request> = AttributesOf<Request> & {
  readonly [Name in Needed]-?: NonNullable<AttributesOf<Request>[Name & keyof AttributesOf<Request>]>
}

type IsRequired<Needed> = [Needed] extends [never] ? false : true

type Common<Request extends AttributeTable, Needed extends keyof Request & string> = Omit<
  OperationDeclaration<Request>,
  'reply' | 'dump' | 'required'
> & { readonly required?: readonly Needed[] }

/**
 * Declares an operation of a family: one that is acknowledged, one that gives an object, or with `dump` one that gives all.
 * @example
 * operation({ command: 1, symbol: 'TCP_METRICS_CMD_GET', reply: metrics, dump: true })
 */
export function operation<
  Request extends AttributeTable,
  Reply extends AttributeTable,
  Needed extends keyof Request & string = never,
>(
  declaration: Common<Request, Needed> & { readonly reply: AttributeSet<Reply>; readonly dump: true },
): DeclaredOperation<Argument<Request, Needed>, AttributesOf<Reply>[], IsRequired<Needed>>
export function operation<
  Request extends AttributeTable,
  Reply extends AttributeTable,
  Needed extends keyof Request & string = never,
>(
  declaration: Common<Request, Needed> & { readonly reply: AttributeSet<Reply>; readonly dump?: false },
): DeclaredOperation<Argument<Request, Needed>, AttributesOf<Reply>, IsRequired<Needed>>
export function operation<Request extends AttributeTable, Needed extends keyof Request & string = never>(
  declaration: Common<Request, Needed> & { readonly reply?: undefined; readonly dump?: undefined },
): DeclaredOperation<Argument<Request, Needed>, void, IsRequired<Needed>>
export function operation(declaration: object): DeclaredOperation<unknown, unknown, boolean> {
  return { declaration: declaration as OperationDeclaration }
}

/** Operations by the names that their methods have. */
export type OperationTable = Readonly<Record<string, DeclaredOperation<unknown, unknown, boolean>>>

type WithHeader<H extends Fields, Value> = Value extends object ? Value & Partial<StructValue<H>> : Value
type ReplyOf<H extends Fields, Value> = Value extends readonly (infer One)[]
  ? (One & StructValue<H>)[]
  : Value extends object
    ? Value & StructValue<H>
    : Value

type VerbOf<H extends Fields, Its> =
  Its extends DeclaredOperation<infer Taken, infer Given, infer Required>
    ? Required extends true
      ? (netns: NetnsReference, request: WithHeader<H, Taken>) => Operation<ReplyOf<H, Given>>
      : (netns: NetnsReference, request?: WithHeader<H, Taken>) => Operation<ReplyOf<H, Given>>
    : never

type KeyOf<Whole, Key extends string> = { readonly [Name in Key]: NonNullable<Whole[Name & keyof Whole]> }

type ObjectVerbsOf<H extends Fields, Its> =
  Its extends DeclaredObjects<infer Whole, infer Key, infer Mode>
    ? ObjectVerbs<
        WithHeader<H, Whole> & KeyOf<Whole & StructValue<H>, Key>,
        KeyOf<Whole & StructValue<H>, Key>,
        WithHeader<H, Whole>,
        ReplyOf<H, Whole>,
        Mode
      >
    : unknown

/** The verbs that a table of operations, and objects, give. */
export type FamilyVerbs<H extends Fields, Table extends OperationTable, Objects = undefined> = {
  readonly [Name in keyof Table]: VerbOf<H, Table[Name]>
} & ObjectVerbsOf<H, Objects>

/** What a family is declared by. */
export interface FamilyDeclaration<
  H extends Fields,
  Table extends OperationTable,
  Objects extends AnyObjects | undefined = undefined,
> {
  /** The name of a generic family, by which the kernel knows it; of others, what errors call it. */
  readonly name: string
  /** A NETLINK_ protocol. Default: NETLINK_GENERIC, and the number of the family is asked for by its name. */
  readonly protocol?: number
  /** The version of a generic family's protocol. Default: 1. */
  readonly version?: number
  /**
   * The family's own header: what follows `struct nlmsghdr`, or of a generic family `struct genlmsghdr`. Its fields stand
   * beside the attributes in what operations take and give, so their names must differ. Default: none.
   */
  readonly header?: Struct<H>
  /** Its operations, by the names that their methods have. Default: none. */
  readonly operations?: Table
  /** Objects that it keeps, which get the verbs of netloom's own resources. Default: none. */
  readonly objects?: Objects
}

type AnyObjects = DeclaredObjects<unknown, string, string>

/** A family of netlink: typed operations, alone and in batches. */
export interface Family<Its extends Verbs> {
  /** Its name, as it was declared. */
  readonly name: string
  /** Its operations as data, for operations that are made of several. */
  readonly verbs: Its
  /** Its operations in a namespace of a batch: noted, and carried out by `commit`, with rollback. */
  in(batch: BatchTarget): BatchVerbs<Its>
  /** Its operations in a namespace: each a promise. The last argument has the options of the call. */
  in(netns: NetnsTarget): Methods<Its>
}

/** Of a family that has no header of its own. */
// eslint-disable-next-line @typescript-eslint/no-generated-empty-object-type -- that is what is meant
type NoFields = Readonly<Record<never, never>>

const nothing = attributes('', {})

/**
 * Declares a family of netlink by its operations, and by the objects that it keeps.
 * @throws TypeError if the table does not fit together: `undo` or `restore` name an operation that is not there, a field of
 *   the header has the name of an attribute, an operation that of a verb of the objects.
 * @example
 * const tcpMetrics = defineFamily({
 *   name: 'tcp_metrics',
 *   operations: { list: operation({ command: 1, symbol: 'TCP_METRICS_CMD_GET', reply: metrics, dump: true }) },
 * })
 * const all = await tcpMetrics.in(ns).list()
 */
export function defineFamily<
  const Table extends OperationTable = NoFields,
  H extends Fields = NoFields,
  Objects extends AnyObjects | undefined = undefined,
>(declaration: FamilyDeclaration<H, Table, Objects>): Family<FamilyVerbs<H, Table, Objects>> {
  const compiled = new CompiledFamily(declaration as FamilyDeclaration<Fields, OperationTable, AnyObjects>)
  const { operations, objects } = compiled
  const twice = Object.keys(operations).find((name) => Object.hasOwn(objects, name))
  if (twice !== undefined) throw wrongValue('operations', 'without a verb of the objects', twice)
  const verbs: Verbs = { ...operations, ...objects }
  // Of all verbs only a deletion of objects has options of its own.
  const counts = Object.fromEntries(Object.keys(verbs).map((name) => [name, verbs[name] === objects.delete ? 2 : 1]))
  const inBatch = batchVerbs(verbs)
  const alone = methods(verbs, counts)
  const within = (target: unknown): unknown => {
    const found = targetOf(target, 'target')
    return 'scope' in found ? inBatch(found.scope) : alone(found.netns)
  }
  return { name: declaration.name, verbs, in: within } as unknown as Family<FamilyVerbs<H, Table, Objects>>
}

/** A declared operation, ready to be asked. */
interface Compiled {
  readonly declaration: OperationDeclaration
  readonly request: Layout<Fields, AttributeTable>
  readonly reply: Layout<Fields, AttributeTable>
}

class CompiledFamily {
  readonly #name: string
  readonly #type: NumberedFamily | undefined
  readonly #version: number
  readonly #shapes: Shapes
  readonly #header: Struct<Fields>
  readonly #ownFields: ReadonlySet<string>
  readonly #operations: ReadonlyMap<string, Compiled>
  /** The verbs of its operations. */
  readonly operations: Verbs
  /** The verbs of its objects. */
  readonly objects: Verbs

  constructor({
    name,
    protocol = NETLINK.GENERIC,
    version = 1,
    header,
    operations = {},
    objects,
  }: FamilyDeclaration<Fields, OperationTable, AnyObjects>) {
    const own: Fields = header?.fields ?? {}
    const generic = protocol === NETLINK.GENERIC
    this.#name = name
    this.#type = generic ? familyNumber(name) : undefined
    this.#version = version
    this.#shapes = new Shapes(protocol)
    this.#header = struct(header?.name ?? 'genlmsghdr', generic ? { ...genlmsghdr.fields, ...own } : own)
    // What begins with `_` is padding.
    this.#ownFields = new Set(Object.keys(own).filter((key) => !key.startsWith('_')))
    this.#operations = new Map(Object.entries(operations).map(([key, one]) => [key, this.#compile(one.declaration)]))
    for (const [key, { declaration }] of this.#operations) this.#check(key, declaration)
    this.operations = Object.fromEntries([...this.#operations].map(([key, one]) => [key, this.#verb(key, one)]))
    this.objects = objects === undefined ? {} : this.#verbsOf(objects.declaration)
  }

  #verbsOf(declaration: ObjectsDeclaration): Verbs {
    const compile = ({ command, symbol }: CommandDeclaration): Compiled =>
      this.#compile({ command, symbol, request: declaration.attributes, reply: declaration.attributes })
    const commands = new Map([declaration.make, declaration.look, declaration.remove].map((one) => [one, compile(one)]))
    const codec: Codec = {
      name: this.#name,
      protocol: this.#shapes.protocol,
      generic: this.#type !== undefined,
      header: this.#header,
      encode: (command, value, flags) => this.#message(commands.get(command) ?? compile(command), value, flags),
      decode: this.#decode(compile(declaration.look)),
    }
    return objectVerbs(tableOf(declaration, codec))
  }

  #compile(declaration: OperationDeclaration): Compiled {
    const layout = (set: AnySet = nothing): Layout<Fields, AttributeTable> => {
      const twice = Object.keys(set.table).find((name) => this.#ownFields.has(name))
      if (twice !== undefined) throw wrongValue('header', `without the name of an attribute, "${twice}"`, twice)
      return { header: this.#header, attributes: set }
    }
    return { declaration, request: layout(declaration.request), reply: layout(declaration.reply) }
  }

  #check(key: string, { undo, restore }: OperationDeclaration): void {
    if (undo !== undefined) this.#operation(undo.operation, `operations.${key}.undo.operation`)
    if (restore === undefined) return
    const field = `operations.${key}.restore.operation`
    const { declaration } = this.#operation(restore.operation, field)
    if (declaration.reply === undefined) throw wrongValue(field, 'an operation with a reply', restore.operation)
  }

  #operation(name: string, field: string): Compiled {
    const found = this.#operations.get(name)
    if (found === undefined) throw wrongValue(field, `an operation of ${this.#name}`, name)
    return found
  }

  /** Checks and encodes what an operation is asked with. */
  #message({ declaration, request }: Compiled, value: object, flags: number): Message {
    const { command, symbol, required } = declaration
    const given = checkObject(value, 'request')
    for (const name of required ?? []) {
      if (given[name] === undefined) throw wrongType(name, 'given', undefined)
    }
    const header: Record<string, unknown> = {}
    let rest: Record<string, unknown> = given
    if (this.#ownFields.size > 0) {
      rest = {}
      for (const [key, part] of Object.entries(given)) (this.#ownFields.has(key) ? header : rest)[key] = part
    }
    const generic = this.#type === undefined ? {} : { command, version: this.#version }
    return encodeMessage(request, symbol, this.#type ?? command, {
      flags: flags | (declaration.flags ?? 0),
      header: { ...header, ...generic },
      attributes: rest,
    })
  }

  #decode({ reply }: Compiled): (received: Received) => object | undefined {
    return (received) => {
      const decoded = decodeMessage(reply, received)
      if (decoded === undefined) return undefined
      const { header, attributes: found } = decoded
      const own = [...this.#ownFields].filter((name) => name in header)
      const fields = Object.fromEntries(own.map((name) => [name, (header as Record<string, unknown>)[name]]))
      return printableThroughout({ ...fields, ...found })
    }
  }

  #rollback(netns: NetnsReference, { declaration }: Compiled, value: object): Rollback {
    const { undo, restore } = declaration
    const related = (which: Related<never>): Message => {
      const compiled = this.#operation(which.operation, 'operation')
      const flags = compiled.declaration.dump === true ? NLM_F.DUMP : 0
      return this.#message(compiled, which.request?.(value as never) ?? value, flags)
    }
    if (undo !== undefined) return { undo: { netns, message: related(undo) } }
    if (restore === undefined) return { lasting: true }
    const { bits } = restore
    const recipe = { mode: 'settings', headerSize: this.#header.size, ...(bits === undefined ? {} : { bits }) } as const
    return { before: () => ({ recipe, lookup: related(restore) }) }
  }

  #verb(key: string, compiled: Compiled): (netns: NetnsReference, request?: object) => Operation<unknown> {
    const { declaration } = compiled
    const name = `${this.#name}.${key}`
    const { change, dump, query } = this.#shapes
    return (netns, request = {}) => {
      if (declaration.reply === undefined) {
        const message = this.#message(compiled, request, 0)
        const step: Step = {
          netns,
          messages: [message],
          ending: Ending.ack,
          ...this.#rollback(netns, compiled, request),
        }
        return change(name, netns, [step])
      }
      const flags = declaration.dump === true ? NLM_F.DUMP : 0
      const shape = declaration.dump === true ? dump : query
      return shape<object>(name, netns, Lane.read, this.#message(compiled, request, flags), this.#decode(compiled))
    }
  }
}
