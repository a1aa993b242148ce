// A function of the caller's, with JavaScript's own thread inside a namespace.
import { types } from 'node:util'
import type { NetnsHandle } from '../native/netns_handle'
import { runInside } from '../native/netns_jobs'
import { wrongType } from '../wire/invalid'

/** Runs it, and refuses one that would go on outside. */
export function runSynchronously<Result>(netns: NetnsHandle, inside: () => Result): Result {
  if (typeof inside !== 'function') throw wrongType('fn', 'a function', inside)
  if (types.isAsyncFunction(inside) || types.isGeneratorFunction(inside)) throw asynchronous()
  const result = runInside('NetNs.run', netns, inside)
  if (typeof (result as Partial<PromiseLike<unknown>> | null | undefined)?.then === 'function') {
    // It is refused, so nobody else will handle its failure.
    void Promise.resolve(result).catch(() => undefined)
    throw asynchronous()
  }
  return result
}

function asynchronous(): TypeError {
  return Object.assign(
    new TypeError(
      'NetNs.run takes a synchronous function: the thread leaves the namespace when the function returns, so what an ' +
        'asynchronous one or a generator does later would happen outside. Use listen(), connect() and the like, or a Worker.',
    ),
    { code: 'ERR_NETLOOM_ASYNC_RUN' },
  )
}
