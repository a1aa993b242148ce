// Files and servers of names that are hostile: nothing is read without end, nothing is waited for that never comes, and what is wrong is
// an error that says so.
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { rmSync, symlinkSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs'
import { decode, encode, type Answer } from 'dns-packet'
import type { NetNs } from '../../lib/index'
import { parseHosts, parseResolvConf } from '../../lib/names/configuration'
import { fresh } from '../support/namespaces'
import { etcOf } from './etc'
import { Code, records, serveNames } from './server'

async function withLoopback(): Promise<NetNs> {
  const ns = await fresh()
  await ns.links.set('lo', { up: true })
  return ns
}

const local = 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n'

describe('files', () => {
  test.each(['hosts', 'resolv.conf'])(
    'a FIFO, a directory or a link in the place of %s is refused at once',
    async (file) => {
      await using ns = await withLoopback()
      using _ = etcOf(ns, { hosts: '', 'resolv.conf': local })
      const path = `/etc/netns/${ns.name}/${file}`
      unlinkSync(path)
      execFileSync('mkfifo', [path])
      const said = { operation: 'NetNs.lookup' }
      await expect(ns.lookup('a.test')).rejects.toMatchObject({ code: 'EINVAL', ...said })
      await expect(ns.lookup('a.test')).rejects.toThrow(`its ${file} is no regular file`)
      unlinkSync(path)
      execFileSync('mkdir', [path])
      await expect(ns.lookup('a.test')).rejects.toMatchObject({ code: 'EINVAL', ...said })
      rmSync(path, { recursive: true })
      for (const target of ['/dev/zero', path, '/dev/stdin']) {
        symlinkSync(target, path)
        await expect(ns.lookup('a.test')).rejects.toMatchObject({ code: 'ELOOP', ...said })
        unlinkSync(path)
      }
      execFileSync('mknod', [path, 'c', '1', '5']) // that of /dev/zero
      await expect(ns.lookup('a.test')).rejects.toMatchObject({ code: 'EINVAL', ...said })
    },
  )

  test.each(['hosts', 'resolv.conf'])('%s of a terabyte is refused by its size', async (file) => {
    await using ns = await withLoopback()
    using _ = etcOf(ns, { hosts: '', 'resolv.conf': local })
    truncateSync(`/etc/netns/${ns.name}/${file}`, 2 ** 40)
    await expect(ns.lookup('a.test')).rejects.toMatchObject({ code: 'EFBIG', operation: 'NetNs.lookup' })
    await expect(ns.lookup('a.test')).rejects.toThrow(`its ${file} is larger than 8388608 bytes`)
    // And it is read again when it is one.
    writeFileSync(`/etc/netns/${ns.name}/${file}`, file === 'hosts' ? '10.0.0.1 a.test\n' : local)
    if (file === 'hosts') expect(await ns.lookup('a.test')).toMatchObject({ address: '10.0.0.1' })
  })

  test('a name with half a million addresses, one line of 8 MB, NULs: read in a time that grows with the size', () => {
    const timeOf = (text: string): number => {
      const begun = process.cpuUsage().user
      parseHosts(text)
      return process.cpuUsage().user - begun
    }
    const lines = (count: number): string =>
      Array.from({ length: count }, (_, i) => `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255} a.test\n`).join('')
    timeOf(lines(10_000))
    const [few, many] = [timeOf(lines(40_000)), timeOf(lines(320_000))]
    // Eight times as many; by looking through all of them for each it would be sixty-four.
    expect(many).toBeLessThan(30 * Math.max(few, 10_000))
    expect(parseHosts(`10.0.0.1 ${'x'.repeat(8 << 20)}`).size).toBe(1)
    expect(parseHosts('10.0.0.1 a\0b c\n\0\n10.0.0.2\0 d\n').get('c')).toEqual(new Set(['10.0.0.1']))
    expect(parseHosts('10.0.0.1 __proto__ constructor\n').get('toString')).toBeUndefined()
    expect(parseResolvConf(`search ${'a '.repeat(1_000_000)}\n`).search).toHaveLength(256)
  })

  test('domains of the search list that are none are not asked', async () => {
    await using ns = await withLoopback()
    const search = `search ${'x'.repeat(64)}.test a..b nul\0nul ${'y.'.repeat(130)} good.test\n`
    using _ = etcOf(ns, { hosts: '', 'resolv.conf': `${local}${search}` })
    await using server = await serveNames(ns, '127.0.0.1', (name, type) =>
      name === 'web.good.test' ? records(name, type as 'A', ...(type === 'A' ? ['10.0.0.1'] : [])) : Code.noSuchName,
    )
    expect(await ns.lookup('web', { family: 4 })).toMatchObject({ address: '10.0.0.1' })
    expect(server.asked).toEqual(['udp A web.good.test'])
  })
})

describe('servers', () => {
  /** Answers each question by bytes. */
  async function answering(
    ns: NetNs,
    answer: (question: Buffer) => readonly Buffer[],
  ): Promise<AsyncDisposable & { asked: number }> {
    const udp = await ns.createSocket('udp4')
    udp.bind(53, '127.0.0.1')
    await once(udp, 'listening')
    const server = {
      asked: 0,
      async [Symbol.asyncDispose]() {
        const closed = once(udp, 'close')
        udp.close()
        await closed
      },
    }
    udp.on('message', (data, from) => {
      server.asked++
      for (const each of answer(data)) udp.send(each, from.port, from.address)
    })
    return server
  }

  /** The head of an answer to a question, with so many records. */
  function head(question: Buffer, records: number): Buffer {
    const answer = Buffer.from(question)
    answer.writeUInt16BE(0x8180, 2)
    answer.writeUInt16BE(records, 6)
    return answer
  }

  const record = (name: number[], type: number, data: readonly number[], length = data.length): Buffer =>
    Buffer.from([...name, 0, type, 0, 1, 0, 0, 0, 60, length >> 8, length & 255, ...data])
  const self = (question: Buffer): number[] => [0xc0, question.length & 0xff]
  const toQuestion = [0xc0, 12]

  const hostile: Record<string, (question: Buffer) => readonly Buffer[]> = {
    'a name that points at itself': (q) => [Buffer.concat([head(q, 1), record(self(q), 1, [10, 0, 0, 1])])],
    'two names that point at each other': (q) => {
      const at = q.length
      return [Buffer.concat([head(q, 1), Buffer.from([0xc0, at + 2, 0xc0, at]), record([], 1, [10, 0, 0, 1])])]
    },
    'a name that points behind the end': (q) => [Buffer.concat([head(q, 1), record([0xff, 0xff], 1, [10, 0, 0, 1])])],
    'labels without an end': (q) => [Buffer.concat([head(q, 1), Buffer.alloc(4000, 63)])],
    'sixty thousand records that are not there': (q) => [head(q, 0xffff)],
    'data that is longer than the packet': (q) => [Buffer.concat([head(q, 1), record(toQuestion, 1, [10, 0], 0xffff)])],
    'an alias that points at itself': (q) => {
      const at = q.length + 12
      return [Buffer.concat([head(q, 1), record(toQuestion, 5, [0xc0, at])])]
    },
    'one byte': () => [Buffer.from([1])],
    nothing: () => [Buffer.alloc(0)],
    'the question itself': (q) => [q],
    'noise without end': (q) => Array.from({ length: 200 }, () => Buffer.alloc(512, q)),
  }

  test.each(Object.keys(hostile))('%s is no answer', async (kind) => {
    await using ns = await withLoopback()
    using _ = etcOf(ns, { hosts: '', 'resolv.conf': local })
    await using server = await answering(ns, hostile[kind]!)
    await expect(ns.lookup('a.test', { family: 4 })).rejects.toMatchObject({ code: 'EAI_AGAIN' })
    expect(server.asked).toBeGreaterThan(0)
  })

  test('aliases in a circle, and of NULs, end', async () => {
    await using ns = await withLoopback()
    using _ = etcOf(ns, { hosts: '', 'resolv.conf': local })
    const circle: Answer[] = [
      ...records('a.test', 'CNAME', 'b.test'),
      ...records('b.test', 'CNAME', 'a.test'),
      ...records('b.test', 'CNAME', 'nul\0.test'),
    ]
    await using _server = await answering(ns, (q) => {
      const { id, questions } = decode(q)
      return [encode({ type: 'response', id: id!, flags: 0, questions: questions!, answers: circle })]
    })
    await expect(ns.lookup('a.test', { family: 4 })).rejects.toMatchObject({ code: 'ENOTFOUND' })
  })

  test('a server that never stops to talk by TCP is left', async () => {
    await using ns = await withLoopback()
    using _ = etcOf(ns, { hosts: '', 'resolv.conf': `${local}options use-vc\n` })
    const tcp = await ns.listen({ host: '127.0.0.1', port: 53 })
    let sent = 0
    tcp.on('connection', (peer) => {
      peer.on('error', () => undefined)
      const noise = Buffer.alloc(64 << 10, 1)
      const talk = (): void => {
        while (!peer.destroyed && sent < 1 << 30 && peer.write(noise)) sent += noise.length
      }
      peer.on('drain', talk)
      talk()
    })
    await expect(ns.lookup('a.test', { family: 4 })).rejects.toMatchObject({ code: 'EAI_AGAIN' })
    expect(sent).toBeLessThan(64 << 20)
    const closed = once(tcp, 'close')
    tcp.close()
    await closed
  })
})
