// A process that makes and deletes named namespaces without a pause, until it is killed: node victim.js PREFIX SEED
import { NetNs } from '../lib/index'
import { deletePods, makeHost, makePods } from './pod'
import { Random } from './random'

async function main(): Promise<void> {
  const [prefix = '', seed] = process.argv.slice(2)
  const random = new Random(Number(seed))
  const host = await makeHost(prefix, random)
  console.log('ready')
  const loops = [
    async () => deletePods(await makePods(host, 7), host),
    async () => (await NetNs.create(`${prefix}same-${random.below(5)}`, { ephemeral: random.percent(50) })).delete(),
    async () => NetNs.deleteAll(await NetNs.createMany(1 + random.below(5), { prefix })),
  ]
  await Promise.all(
    loops.map(async (loop) => {
      for (;;) await loop()
    }),
  )
}

void main()
