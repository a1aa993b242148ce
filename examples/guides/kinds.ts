// What docs/inside/kinds.md shows.
import { execFileSync } from 'node:child_process'
import { hostname } from 'node:os'
import { Namespace } from 'netloom'

async function main(): Promise<void> {
  await set()
  await look()
  await pin()
}

async function set(): Promise<void> {
  await using box = await Namespace.create({
    net: true,
    ipc: true,
    pid: true,
    uts: { hostname: 'box' },
    time: { boottime: 3600 },
    user: true,
  })
  await box.net.links.set('lo', { up: true }) // a NetNs
  console.log(await box.uts.hostname(), await box.time.offsets()) // box { monotonic: 0, boottime: 3600 }
  await box.uts.setHostname('crate')
  using owner = await box.uts.owner()
  console.log(owner.equals(box.user), box.pid1) // true, and the pid of the first process
}

async function look(): Promise<void> {
  await using set = await Namespace.create({ uts: { hostname: 'box' } })
  console.log(set.uts.run(() => hostname())) // box
  for (const { kind, inode, processes, command } of await Namespace.list()) {
    if (kind === 'uts') console.log(inode, processes, command)
  }
}

async function pin(): Promise<void> {
  {
    await using set = await Namespace.create({ uts: { hostname: 'box' } })
    await set.uts.pin('/run/box-uts')
  }
  console.log(execFileSync('nsenter', ['--uts=/run/box-uts', 'hostname'], { encoding: 'utf8' })) // box
  await Namespace.unpin('/run/box-uts')
}

void main()
