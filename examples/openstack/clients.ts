// The demo's clients: busybox's udhcpc in a namespace, or a whole machine in qemu's emulation.
import { execFile } from 'node:child_process'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { NetNs } from 'netloom'
import { interruption } from '../demo/endings'
import { VirtualMachine, type Image } from './virtual_machine'

/** Where a client is to be. */
export interface Site {
  /** The namespace with the bridges. */
  readonly switches: NetNs
  /** The client's name, which its port on the bridge has, too. */
  readonly name: string
  readonly bridge: string
  readonly mac: string
}

/** A client of a network. */
export interface Client extends AsyncDisposable {
  readonly name: string
  /** Its namespace, if it has one. */
  readonly netns: NetNs | undefined
  /** Asks for an address by DHCP, and takes it. */
  lease(): Promise<string>
  /** What a web server says. */
  fetch(address: string): Promise<string>
  /** Whether an address answers. */
  pings(address: string): Promise<boolean>
}

const script = `#!/bin/sh
test "$1" = bound || exit 0
ip address add $ip/$mask dev $interface
ip route add default via $router
echo "$ip, router $router, MTU $mtu"
`

/** A client in a namespace of its own. */
export async function inNamespace(
  { switches, name, bridge, mac }: Site,
  prefix: string,
  work: string,
): Promise<Client> {
  const netns = await NetNs.create(`${prefix}${name}`, { ephemeral: true })
  const peer = { netns, name: 'eth0', mac, up: true }
  try {
    await switches.links.add({ kind: 'veth', name, master: bridge, up: true, peer })
  } catch (error) {
    await netns.delete()
    throw error
  }
  return {
    name,
    netns,
    async lease() {
      const file = join(work, 'udhcpc.sh')
      await writeFile(file, script)
      await chmod(file, 0o755)
      const args = ['udhcpc', '-i', 'eth0', '-f', '-q', '-n', '-O', 'mtu', '-s', file]
      return new Promise((resolve, reject) => {
        netns.run(() =>
          execFile('busybox', args, { signal: interruption }, (error, stdout) => {
            if (error === null) resolve(stdout.trim())
            else reject(new Error(`${name}: ${error.message}`, { cause: error }))
          }),
        )
      })
    },
    async fetch(address) {
      const socket = await netns.connect({ host: address, port: 80, timeout: 3000 })
      socket.write('GET / HTTP/1.0\r\n\r\n')
      let said = ''
      for await (const data of socket) said += String(data)
      return said.split('\r\n\r\n')[1]?.trim() ?? ''
    },
    pings: async (address) => (await netns.ping(address, { count: 1, timeout: 2000 })).received === 1,
    [Symbol.asyncDispose]: () => netns.delete({ force: true }),
  }
}

/** A client that is a machine. */
export async function inMachine(site: Site, image: Image): Promise<Client> {
  const { switches, name, bridge, mac } = site
  const machine = await VirtualMachine.boot(image, { netns: switches, tap: name, bridge, mac })
  return {
    name,
    netns: undefined,
    async lease() {
      const {
        1: ip = '',
        2: router = '',
        3: mtu = '',
      } = await machine.says(/bound ip=(\S+) .*router=(\S+) .*mtu=(\S+) .*\n/)
      await machine.says(/READY\n/)
      return `${ip}, router ${router}, MTU ${mtu}`
    },
    async fetch(address) {
      // Not wget, which looks for the name of a service, and a busybox without libraries cannot.
      const { printed } = await machine.run(`printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 5 ${address} 80`)
      const answer = /^you are .*$/m.exec(printed)?.[0]
      if (answer === undefined) throw new Error(`${name} hears nothing from ${address}: ${printed}`)
      return answer
    },
    pings: async (address) => (await machine.run(`ping -c 1 -W 3 ${address}`)).status === 0,
    [Symbol.asyncDispose]: () => machine[Symbol.asyncDispose](),
  }
}
