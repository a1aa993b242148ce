// How the native side takes back a change when a batch is rolled back, whatever becomes of JavaScript meanwhile: what it
// looks at to find the object that the change is about, and what of that object it sends back.

/** Bytes of a family's own header. */
export type HeaderRange = readonly [at: number, size: number]

/** See UndoRecipe of native/undo.h. */
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
  /** `object`: words of its header, and which of their bits are sent back: the others are only reported. */
  readonly masked?: readonly (readonly [at: number, mask: number])[]
  /** `object`: numbers of attributes that are only reported. */
  readonly dropped?: readonly number[]
  /** `object`: type of the message that makes it. */
  readonly makeType?: number
  /** `object`: type of the message that removes what is there where nothing was. Default: nothing has to be removed. */
  readonly removeType?: number
}

/** A recipe as numbers, as native/plan.h has it. */
export function recipeWords(recipe: UndoRecipe): number[] {
  const pairs = (list: readonly (readonly [number, number])[] = []): number[] => [list.length, ...list.flat()]
  const numbers = (list: readonly number[] = []): number[] => [list.length, ...list]
  return [
    recipe.mode === 'settings' ? 0 : 1,
    recipe.headerSize,
    recipe.absentIsAny === true ? 1 : 0,
    recipe.makeType ?? 0,
    recipe.removeType ?? 0,
    ...pairs(recipe.sameHeader),
    ...numbers(recipe.same),
    ...pairs(recipe.oldHeader),
    ...pairs(recipe.masked),
    ...numbers(recipe.dropped),
  ]
}
