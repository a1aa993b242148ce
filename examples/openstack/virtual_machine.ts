// A virtual machine on a tap: qemu's emulation, Debian's kernel for clouds, busybox. Boots within a few seconds, asks for its address by
// DHCP, and does what it is told by its serial console.
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmod, cp, mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { NetNs } from 'netloom'

const run = promisify(execFile)

/** What a machine boots. */
export interface Image {
  readonly kernel: string
  readonly initrd: string
}

// In the order in which they need each other.
const modules =
  'virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci failover net_failover virtio_net'.split(
    ' ',
  )

/** The first program: loads the driver, follows DHCP in the background, and obeys the console line by line. */
const init = `#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev
stty -echo
for m in $(cat /modules); do insmod /m/$m.ko; done
ip link set lo up; ip link set eth0 up
udhcpc -i eth0 -f -O mtu -t 3 -T 1 -A 1 -s /udhcpc >/dev/null 2>&1 &
echo READY
while read -r line; do eval "$line"; echo "DONE $?"; done
`

/** What udhcpc tells: the address is taken or dropped, and the console hears of it. */
const script = `#!/bin/busybox sh
case $1 in
  bound|renew)
    ip addr flush dev eth0 scope global; ip addr add $ip/$mask dev eth0
    [ -n "$mtu" ] && ip link set eth0 mtu $mtu
    [ -n "$router" ] && ip route replace default via $router
    echo "DHCP $1 ip=$ip mask=$mask router=$router dns=$dns mtu=$mtu lease=$lease" >/dev/console;;
  deconfig) ip addr flush dev eth0 scope global; echo "DHCP deconfig" >/dev/console;;
  *) echo "DHCP $1" >/dev/console;;
esac
`

/** The image: from Debian's package of the kernel, which is downloaded once; kept in the directory for temporary files. */
export async function prepareImage(): Promise<Image> {
  const { stdout } = await run('apt-cache', ['depends', 'linux-image-cloud-amd64'])
  const name = /linux-image-[0-9]\S*/.exec(stdout)?.[0]
  if (name === undefined) throw new Error('apt knows no package linux-image-cloud-amd64: run "apt-get update"')
  const directory = join(tmpdir(), `netloom-vm-${name}`)
  const image = { kernel: join(directory, 'vmlinuz'), initrd: join(directory, 'initrd.gz') }
  if (await stat(directory).catch(() => undefined)) return image
  const work = await mkdtemp(join(tmpdir(), 'netloom-vm-new-'))
  try {
    await makeImage(work, name)
    // Who was faster has made the same.
    await rename(join(work, 'image'), directory).catch((error: unknown) => {
      if (!['ENOTEMPTY', 'EEXIST'].includes(String((error as NodeJS.ErrnoException).code))) throw error
    })
    return image
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

async function makeImage(work: string, name: string): Promise<void> {
  await run('apt-get', ['download', '-q', name], { cwd: work })
  const deb = (await readdir(work)).find((file) => file.endsWith('.deb')) ?? ''
  await run('dpkg', ['-x', deb, 'kernel'], { cwd: work })
  const root = join(work, 'root')
  for (const directory of ['bin', 'dev', 'proc', 'sys', 'm']) await mkdir(join(root, directory), { recursive: true })
  const [version = ''] = await readdir(join(work, 'kernel/lib/modules'))
  const found = await readdir(join(work, 'kernel/lib/modules', version), { recursive: true })
  for (const module of modules) {
    const path = found.find((file) => file.endsWith(`/${module}.ko`))
    if (path === undefined) throw new Error(`${name} has no module ${module}`)
    await cp(join(work, 'kernel/lib/modules', version, path), join(root, 'm', `${module}.ko`))
  }
  await cp((await run('sh', ['-c', 'command -v busybox'])).stdout.trim(), join(root, 'bin/busybox'))
  await writeFile(join(root, 'modules'), modules.join('\n'))
  for (const [file, text] of Object.entries({ init, udhcpc: script })) {
    await writeFile(join(root, file), text)
    await chmod(join(root, file), 0o755)
  }
  await mkdir(join(work, 'image'))
  await run('sh', ['-c', 'cd root && find . | busybox cpio -o -H newc | gzip -1 > ../image/initrd.gz'], { cwd: work })
  await cp(join(work, 'kernel/boot', `vmlinuz-${version}`), join(work, 'image/vmlinuz'))
}

/** How a machine is connected. */
export interface Connection {
  /** The namespace with the bridge. */
  readonly netns: NetNs
  /** The name of the tap. */
  readonly tap: string
  /** The bridge. */
  readonly bridge: string
  /** The MAC address of its card. */
  readonly mac: string
}

/** A machine that runs. */
export class VirtualMachine implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #tap: AsyncDisposable
  readonly #waiting = new Set<() => void>()
  #said = ''

  private constructor(child: ChildProcess, tap: AsyncDisposable) {
    this.#child = child
    this.#tap = tap
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#said += text.replaceAll('\r', '')
        for (const look of this.#waiting) look()
      })
    }
    child.once('close', () => {
      for (const look of this.#waiting) look()
    })
  }

  /** Boots one: its tap is made in the namespace, and qemu, which lives outside, is given it as a descriptor. */
  static async boot({ kernel, initrd }: Image, { netns, tap, bridge, mac }: Connection): Promise<VirtualMachine> {
    const device = await netns.taps.create({ name: tap, vnetHeader: true, master: bridge, up: true })
    const machine = ['-accel', 'tcg', '-cpu', 'max', '-m', '192', '-nographic', '-no-reboot', '-nodefaults']
    const boot = ['-kernel', kernel, '-initrd', initrd, '-append', 'console=ttyS0 quiet panic=-1 no_timer_check']
    const card = ['-netdev', 'tap,id=n0,fd=3', '-device', `virtio-net-pci,netdev=n0,mac=${mac},romfile=`]
    const child = spawn('qemu-system-x86_64', [...machine, '-serial', 'stdio', ...boot, ...card], {
      stdio: ['pipe', 'pipe', 'pipe', device.fd],
    })
    child.once('error', () => undefined)
    child.stdin?.on('error', () => undefined)
    return new VirtualMachine(child, device)
  }

  /** What it has said on its console. */
  get said(): string {
    return this.#said
  }

  /** Waits until it says something that matches, after what it has said before `from`. */
  async says(pattern: RegExp, { from = 0, timeoutMs = 40_000 } = {}): Promise<RegExpExecArray> {
    let look = (): void => undefined
    let timer: NodeJS.Timeout | undefined
    try {
      return await new Promise<RegExpExecArray>((resolve, reject) => {
        const fail = (why: string): void => {
          reject(new Error(`the machine ${why} ${String(pattern)}; it said:\n${this.#said}`))
        }
        look = () => {
          const found = pattern.exec(this.#said.slice(from))
          if (found !== null) resolve(found)
          else if (this.#child.exitCode !== null || this.#child.signalCode !== null) fail('ended before it said')
        }
        timer = setTimeout(() => {
          fail('never says')
        }, timeoutMs)
        this.#waiting.add(look)
        look()
      })
    } finally {
      clearTimeout(timer)
      this.#waiting.delete(look)
    }
  }

  /** Runs a command in it; gives what it printed, and its status. */
  async run(command: string): Promise<{ status: number; printed: string }> {
    const from = this.#said.length
    this.#child.stdin?.write(`${command}\n`)
    const { 0: all, 1: status } = await this.says(/[^]*?^DONE (\d+)\n/m, { from })
    return { status: Number(status), printed: all.replace(/^DONE \d+\n$/m, '') }
  }

  /** Ends it, as if its power were cut. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null && this.#child.pid !== undefined) {
      this.#child.kill('SIGKILL')
      await once(this.#child, 'close')
    }
    await this.#tap[Symbol.asyncDispose]()
  }
}
