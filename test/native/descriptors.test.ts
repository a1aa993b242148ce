// Descriptors: never inherited, and what happens when there are no more.
import { reportOf } from './child'
import { uniqueName } from '../support/namespaces'

test('no descriptor is inherited by a child, nor by one that somebody else starts', async () => {
  const { kinds, ...rest } = await reportOf<{ kinds: string[] }>('descriptors')
  expect(kinds).toEqual(expect.arrayContaining(['net', 'socket']))
  expect(rest).toEqual({ withoutFlag: [], inherited: [] })
})

test('without descriptors calls fail with EMFILE, undo what they began, and work again later', async () => {
  type Result = { codes: string[]; there: boolean; after: unknown }
  const results = await reportOf<Result[]>('out_of_descriptors', [uniqueName()], {
    within: ['sh', '-c', 'ulimit -n 80; exec "$@"', 'sh'],
  })
  expect(results[0]).toMatchObject({ codes: ['EMFILE', 'EMFILE', 'EMFILE'], there: false, after: 1 })
  expect(results.at(-1)).toMatchObject({ codes: ['done', 'done', 'done'], there: true, after: 1 })
  for (const { codes, there, after } of results) {
    expect(['EMFILE', 'done']).toEqual(expect.arrayContaining(codes))
    expect(there).toBe(codes[0] === 'done')
    expect(after).toBe(1)
  }
})
