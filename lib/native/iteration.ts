// What is read one by one, as an async iterator whose loops may end without ending what they read from.

/** Goes on until `next` gives undefined. */
export function iterate<T>(next: () => Promise<T | undefined>): AsyncIterableIterator<T> {
  const iterator: AsyncIterableIterator<T> = {
    next: async () => {
      const value = await next()
      return value === undefined ? { value, done: true } : { value, done: false }
    },
    // eslint-disable-next-line @typescript-eslint/require-await -- an iterator's
    return: async () => ({ value: undefined, done: true }),
    [Symbol.asyncIterator]: () => iterator,
  }
  return iterator
}
