// A dependent's TypeScript, an ES module.
import { NetNs } from 'netloom'
import { OvsdbClient, type OpenVswitch } from 'netloom/ovsdb'

export async function names(): Promise<string[]> {
  await using ns: NetNs = await NetNs.create()
  return (await ns.links.list()).map((link) => link.name)
}

// @ts-expect-error A namespace's name is a string: the types are real ones, not `any`.
void NetNs.create(42)

export async function tags(db: OvsdbClient<OpenVswitch.Tables>): Promise<(number | null)[]> {
  const { value } = await db.transaction((tx) => tx.select(tx.rows('Port'), ['tag']))
  // @ts-expect-error Only the tag was asked for.
  void value[0]?.name
  return value.map(({ tag }) => tag)
}
