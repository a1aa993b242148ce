// The types of traffic control: options of another kind are refused. `tsc` is the judge.
import { expectTypeOf } from 'expect-type'
import type { ClassOptions, FilterOptions, Qdisc, QdiscOptions, TrafficClass } from '../../lib/index'

test('options of one kind are not those of another', () => {
  expectTypeOf<{ dev: 'd0'; kind: 'tbf'; rateBitsPerSecond: 1; burstBytes: 1 }>().toExtend<QdiscOptions>()
  expectTypeOf<{ dev: 'd0'; kind: 'tbf'; burstBytes: 1 }>().not.toExtend<QdiscOptions>()
  expectTypeOf<{ dev: 'd0'; kind: 'htb'; classid: '1:3' }>().not.toExtend<ClassOptions>()
  expectTypeOf<{ dev: 'd0'; kind: 'pfifo'; classid: '1:3' }>().not.toExtend<ClassOptions>()
  expectTypeOf<{ dev: 'd0'; kind: 'matchall'; classid: 3 }>().not.toExtend<FilterOptions>()
  // @ts-expect-error -- pfifo has no rate
  const options: QdiscOptions = { dev: 'd0', kind: 'pfifo', rateBitsPerSecond: 1 }
  expect(options.kind).toBe('pfifo')
})

test('what comes back is told apart by its kind', () => {
  expectTypeOf<Extract<Qdisc, { kind: 'tbf' }>['limitBytes']>().toBeNumber()
  expectTypeOf<Extract<TrafficClass, { kind: 'htb' }>['rateBitsPerSecond']>().toBeNumber()
})
