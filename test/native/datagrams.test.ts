// Taps, packet sockets and pings when a Worker, the process or whoever held them ends.
import { reportOf } from './child'

test('Workers that are terminated while they read, send, ping and capture leave nothing', async () => {
  expect(await reportOf('datagrams', ['terminated'])).toEqual({ left: [] })
})

test('what is open and idle, or unref’d, does not keep the process alive', async () => {
  expect(await reportOf('datagrams', ['idle'])).toEqual({ open: [false, false, false, false] })
})

test('what is waited for does', async () => {
  expect(await reportOf('datagrams', ['waiting'])).toEqual({ alive: true })
})

test('without descriptors they say EMFILE, and work again when there are some', async () => {
  const within = ['sh', '-c', 'ulimit -n 80 && exec "$@"', 'sh']
  expect(await reportOf('datagrams', ['crowded'], { within })).toEqual({ codes: ['EMFILE', 'pinged'], taps: 0 })
})

test('the process can exit in the middle of it all', async () => {
  expect(await reportOf('datagrams', ['exit'])).toEqual({ exited: true })
})

test('what is forgotten is closed, with a warning, and what is read is not', async () => {
  const { warnings, left, taps } = await reportOf<{ warnings: string[]; left: number; taps: string[] }>(
    'datagrams',
    ['collected'],
    { node: ['--expose-gc'] },
  )
  // The first that was forgotten is told of, the next ones at growing distances.
  expect(warnings).toEqual([
    expect.stringMatching(
      /^NETLOOM_HANDLE_COLLECTED: The (packet socket|tap forgotten) in netns net:\[\d+\] was garbage-collected/,
    ),
  ])
  expect([left, taps]).toEqual([1, ['read']])
})
