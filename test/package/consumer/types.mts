// A dependent's TypeScript, an ES module.
import { NetNs } from 'netloom'

export async function names(): Promise<string[]> {
  await using ns: NetNs = await NetNs.create()
  return (await ns.links.list()).map((link) => link.name)
}

// @ts-expect-error A namespace's name is a string: the types are real ones, not `any`.
void NetNs.create(42)
