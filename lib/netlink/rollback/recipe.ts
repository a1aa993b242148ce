// How the native side takes back a change when a batch is rolled back, whatever becomes of JavaScript meanwhile: what it
// looks at to find the object that the change is about, and what of that object it sends back.

import { recipeMode } from '../../native/layout'

/** Bytes of a family's own header. */
export type HeaderRange = readonly [at: number, size: number]

/** Numbers of a set of bits: its own, that of the list in it, those of a bit's name and value. */
export interface BitSetNumbers {
  /** Of the attribute that is the set. */
  readonly attribute: number
  /** Of the list of its bits, in it. */
  readonly list: number
  /** Of a bit's name. */
  readonly name: number
  /** Of the flag that says that it is set. */
  readonly value: number
}

/** See UndoRecipe of native/rollback/undo.h. */
export interface UndoRecipe {
  /**
   * `settings`: the change names some settings of an object, and those get their old values. `object`: the change
   * replaces or removes an object, and it is made again.
   */
  readonly mode: 'settings' | 'object'
  /** Size of the family's own header. */
  readonly headerSize: number
  /** Where the header of the object is as that of the change. */
  readonly sameHeader?: readonly HeaderRange[]
  /** Numbers of the attributes that the object has as the change has them. */
  readonly same?: readonly number[]
  /** Whether one of `same` that the change lacks may be anything in the object. Default: the object lacks it too. */
  readonly absentIsAny?: boolean
  /** `settings`: what of the object's header is sent back. */
  readonly oldHeader?: readonly HeaderRange[]
  /** `settings`: whether what the object lacks is not sent. Default: it is sent as unset. */
  readonly onlyWhatIsThere?: boolean
  /** `settings`: an attribute that is a set of bits by name (ETHTOOL_A_BITSET_): its number, and those inside it. */
  readonly bits?: BitSetNumbers
  /** `object`: words of its header, and which of their bits are sent back: the others are only reported. */
  readonly masked?: readonly (readonly [at: number, mask: number])[]
  /** Numbers of attributes that are only reported, or only name the object where its header does so, too. */
  readonly dropped?: readonly number[]
  /** `object`: attributes that say all that others say, which are not sent then. */
  readonly instead?: readonly (readonly [there: number, dropped: number])[]
  /** `object`: as `masked`, of a byte in each item of a list. */
  readonly maskedItems?: readonly (readonly [attribute: number, at: number, mask: number])[]
  /** `object`: a remaining time that the kernel reports in one attribute, in ticks, and accepts in another, in whole seconds. */
  readonly expiry?: readonly [told: number, at: number, ticksPerSecond: number, taken: number]
  /** `object`: type of the message that makes it. Default: that of what it is made from. */
  readonly makeType?: number
  /** `object`: the command that makes it, of a generic family: the first byte of the header. Default: as it is. */
  readonly makeCommand?: number
  /** `object`: how what is made relates to what is there (NLM_F_). */
  readonly makeFlags?: number
  /** `object`: type of the message that removes it. Default: that of what it is made from. */
  readonly removeType?: number
  /** `object`: the command that removes it, of a generic family. Default: as it is. */
  readonly removeCommand?: number
  /** `object`: whether the change makes it where nothing was, so that it has to be removed. Default: false. */
  readonly replaces?: boolean
  /** `object`: of those that have this the same, the order is kept. Default: the order means nothing. */
  readonly alike?: {
    /** Only of this family, by the first byte of the header; 0: of any. */
    readonly family: number
    readonly header: readonly HeaderRange[]
    readonly attributes: readonly number[]
  }
  /**
   * `object`: by what the kernel selects the one that a message removes, the first of those that are `alike`: what the
   * message leaves out, or gives as zero or as all ones, may be anything. Default: by all that it is.
   */
  readonly selecting?: { readonly header: readonly HeaderRange[]; readonly attributes: readonly number[] }
}

/** A recipe as numbers, as native/transactions/plan_reader.h has it. */
export function recipeWords(recipe: UndoRecipe): number[] {
  const pairs = (list: readonly (readonly [number, number])[] = []): number[] => [list.length, ...list.flat()]
  const numbers = (list: readonly number[] = []): number[] => [list.length, ...list]
  const { alike, expiry, selecting, bits } = recipe
  return [
    recipeMode[recipe.mode],
    recipe.headerSize,
    recipe.absentIsAny === true ? 1 : 0,
    recipe.onlyWhatIsThere === true ? 1 : 0,
    recipe.makeType ?? 0,
    recipe.makeCommand ?? -1,
    recipe.makeFlags ?? 0,
    recipe.removeType ?? 0,
    recipe.removeCommand ?? -1,
    recipe.replaces === true ? 1 : 0,
    alike?.family ?? -1,
    ...pairs(recipe.sameHeader),
    ...numbers(recipe.same),
    ...pairs(recipe.oldHeader),
    ...pairs(recipe.masked),
    ...numbers(recipe.dropped),
    ...pairs(recipe.instead),
    ...[recipe.maskedItems?.length ?? 0, ...(recipe.maskedItems ?? []).flat()],
    ...(expiry === undefined ? [0] : [1, ...expiry]),
    ...pairs(alike?.header),
    ...numbers(alike?.attributes),
    ...pairs(selecting?.header),
    ...numbers(selecting?.attributes),
    ...(bits === undefined ? [0] : [1, bits.attribute, bits.list, bits.name, bits.value]),
  ]
}
