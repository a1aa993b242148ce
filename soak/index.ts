// npm run soak [-- --count N] [--threads N] [--seed N] | --kill N | --terminate N
//
// Needs root, or CAP_NET_ADMIN and CAP_SYS_ADMIN, util-linux and iproute2. Works in a mount and a network namespace of its
// own: it touches nothing of the machine's.
import { parseArgs } from 'node:util'
import { enterBox } from '../bench/box'
import { churn } from './churn'
import { kill } from './kill'
import { terminate } from './terminate'

const usage = `usage: npm run soak -- [--count N] [--threads N] [--seed N]
  --count N      makes, uses and deletes so many pods in random order (default: 100000)
  --threads N    in so many threads (default: 3)
  --kill N       instead: kills a process that does so, so many times at random moments
  --terminate N  instead: terminates a Worker in the middle of batches, so many times
  --seed N       the choices are those of this seed (default: another one each time)`

interface Options {
  readonly count: number
  readonly threads: number
  readonly kill: number | undefined
  readonly terminate: number | undefined
  readonly seed: number
}

function options(): Options {
  try {
    const { values } = parseArgs({
      options: {
        count: { type: 'string', default: '100000' },
        threads: { type: 'string', default: '3' },
        kill: { type: 'string' },
        terminate: { type: 'string' },
        seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
      },
    })
    const number = (name: keyof typeof values): number => {
      const value = Number(values[name])
      if (!Number.isSafeInteger(value) || value < 1) throw new Error(`--${name} takes a number above 0`)
      return value
    }
    return {
      count: number('count'),
      threads: number('threads'),
      kill: values.kill === undefined ? undefined : number('kill'),
      terminate: values.terminate === undefined ? undefined : number('terminate'),
      seed: number('seed'),
    }
  } catch (error) {
    console.error((error as Error).message)
    console.error(usage)
    process.exit(2)
  }
}

async function main(): Promise<void> {
  const chosen = options()
  enterBox()
  console.log(`seed ${chosen.seed}`)
  let wrong: string[]
  if (chosen.kill !== undefined) wrong = await kill(chosen.kill, chosen.seed)
  else if (chosen.terminate !== undefined) wrong = await terminate(chosen.terminate, chosen.seed)
  else wrong = await churn(chosen)
  for (const one of wrong) console.error(one)
  console.log(wrong.length === 0 ? 'all is as it was before' : `${wrong.length} things are not as they should be`)
  if (wrong.length > 0) process.exitCode = 1
}

main().catch((error: unknown) => {
  console.error(error)
  process.exit(1)
})
