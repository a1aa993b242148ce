// Which servers will do, by what they say in _Server.
import { unsuited } from '../../lib/ovsdb/server_state'

const standalone = {
  name: 'Db',
  model: 'standalone',
  connected: true,
  leader: true,
  schema: '{}',
  cid: null,
  index: null,
}
const member = { name: 'Db', model: 'clustered', connected: true, leader: true, schema: '{}', cid: 'c', index: 7n }
const progress = { cluster: 'c', index: 7n }

test.each([
  ['a server alone', standalone, true, undefined],
  ['a leader', member, true, undefined],
  ['a follower, if it need not lead', { ...member, leader: false }, false, undefined],
  ['a member further on', { ...member, index: 8n }, true, undefined],
  ['a member of another cluster, further back', { ...member, cid: 'd', index: 1n }, true, undefined],
  ['an older server, which says less', { name: 'Db' }, true, undefined],
  ['a follower', { ...member, leader: false }, true, 'the server is not the leader of its cluster'],
  ['a member that is alone', { ...member, connected: false }, false, 'the server has lost its cluster'],
  ['a member that knows less than was seen', { ...member, index: 6n }, true, 'the server is behind its cluster'],
  ['a member that has not joined yet', { ...member, schema: null }, false, 'the server has not joined the cluster yet'],
  [
    'a relay that has lost its source',
    { ...standalone, model: 'relay', connected: false },
    true,
    'the server has lost the database',
  ],
  ['a server without the database', undefined, true, 'the server has no database Db'],
] as const)('%s', (_, row, leaderOnly, why) => {
  expect(unsuited(row, { database: 'Db', leaderOnly, progress })).toBe(why)
})
