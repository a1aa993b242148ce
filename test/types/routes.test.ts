// The types of addresses, routes, neighbors and rules: what may be given, and what comes back. `tsc` is the judge.
import { expectTypeOf } from 'expect-type'
import type {
  Address,
  AddressFilter,
  AddressKey,
  AddressOptions,
  Addresses,
  Device,
  Family,
  LookupOptions,
  Neighbor,
  NeighborOptions,
  NeighborState,
  Neighbors,
  Nexthop,
  Route,
  RouteFilter,
  RouteKey,
  RouteMetrics,
  RouteNexthop,
  RouteOptions,
  Routes,
  RouteTable,
  Rule,
  RuleOptions,
  Rules,
} from '../../lib/index'

test('addresses are given by device and prefix, and come back with all that is known of them', () => {
  expectTypeOf<Addresses['add']>().parameter(0).toEqualTypeOf<AddressOptions>()
  expectTypeOf<Addresses['add']>().returns.resolves.toBeVoid()
  expectTypeOf<Addresses['get']>().returns.resolves.toEqualTypeOf<Address>()
  expectTypeOf<Addresses['find']>().returns.resolves.toEqualTypeOf<Address | undefined>()
  expectTypeOf<Addresses['list']>().returns.resolves.toEqualTypeOf<Address[]>()
  expectTypeOf<Addresses['list']>().parameter(0).toEqualTypeOf<AddressFilter | undefined>()
  expectTypeOf<Addresses['flush']>().parameter(0).toEqualTypeOf<AddressFilter>()
  expectTypeOf<AddressKey['dev']>().toEqualTypeOf<Device>()
  expectTypeOf<Address['dev']>().toBeNumber()
  expectTypeOf<Address['family']>().toEqualTypeOf<Family>()
  expectTypeOf<Address['validLifetimeSeconds']>().toBeNumber()
  expectTypeOf<'nodad'>().toExtend<NonNullable<AddressOptions['flags']>[number]>()
  expectTypeOf<{ dev: string; address: string }>().toExtend<AddressOptions>()
  expectTypeOf<{ address: string }>().not.toExtend<AddressOptions>()
  expectTypeOf<{ dev: string; address: string; metric: string }>().not.toExtend<AddressOptions>()
  expectTypeOf<{ dev: string; address: string; scope: 'universe' }>().not.toExtend<AddressOptions>()
})

test('routes are given by their destination, and come back with all that is known of them', () => {
  expectTypeOf<Routes['add']>().parameter(0).toEqualTypeOf<RouteOptions>()
  expectTypeOf<Routes['delete']>().parameter(0).toEqualTypeOf<RouteKey>()
  expectTypeOf<Routes['get']>().returns.resolves.toEqualTypeOf<Route>()
  expectTypeOf<Routes['find']>().returns.resolves.toEqualTypeOf<Route | undefined>()
  expectTypeOf<Routes['list']>().parameter(0).toEqualTypeOf<RouteFilter | undefined>()
  expectTypeOf<Routes['list']>().returns.resolves.toEqualTypeOf<Route[]>()
  expectTypeOf<Routes['flush']>().parameter(0).toEqualTypeOf<RouteFilter>()
  expectTypeOf<Routes['lookup']>().parameter(0).toBeString()
  expectTypeOf<Routes['lookup']>().parameter(1).toEqualTypeOf<LookupOptions | undefined>()
  expectTypeOf<Routes['lookup']>().returns.resolves.toEqualTypeOf<Route>()
  expectTypeOf<RouteTable>().toEqualTypeOf<'main' | 'local' | 'default' | number>()
  expectTypeOf<Route['nexthops']>().toEqualTypeOf<RouteNexthop[] | undefined>()
  expectTypeOf<RouteNexthop['dev']>().toBeNumber()
  expectTypeOf<Nexthop['dev']>().toEqualTypeOf<Device | undefined>()
  expectTypeOf<RouteMetrics['mtu']>().toEqualTypeOf<number | undefined>()
  expectTypeOf<RouteMetrics['congestion']>().toEqualTypeOf<string | undefined>()
  expectTypeOf<RouteMetrics>().not.toHaveProperty('unknown')
  expectTypeOf<'blackhole'>().toExtend<Route['type']>()
  expectTypeOf<'drop'>().not.toExtend<Route['type']>()
  expectTypeOf<{ via: string }>().not.toExtend<RouteOptions>()
  expectTypeOf<{ dst: string; nexthops: readonly [{ via: string; weight: 2 }] }>().toExtend<RouteOptions>()
})

test('neighbors are given by device and address, and come back with their state', () => {
  expectTypeOf<Neighbors['add']>().parameter(0).toEqualTypeOf<NeighborOptions>()
  expectTypeOf<Neighbors['get']>().returns.resolves.toEqualTypeOf<Neighbor>()
  expectTypeOf<Neighbors['list']>().returns.resolves.toEqualTypeOf<Neighbor[]>()
  expectTypeOf<Neighbor['state']>().toEqualTypeOf<NeighborState | undefined>()
  expectTypeOf<NeighborOptions['state']>().toEqualTypeOf<NeighborState | undefined>()
  expectTypeOf<'reachable'>().toExtend<NeighborState>()
  expectTypeOf<'REACHABLE'>().not.toExtend<NeighborState>()
})

test('rules are given by what they match, and come back with their priority and action', () => {
  expectTypeOf<Rules['add']>().parameter(0).toEqualTypeOf<RuleOptions>()
  expectTypeOf<Rules['get']>().returns.resolves.toEqualTypeOf<Rule>()
  expectTypeOf<Rules['list']>().returns.resolves.toEqualTypeOf<Rule[]>()
  expectTypeOf<Rule['priority']>().toBeNumber()
  expectTypeOf<Rule['invert']>().toBeBoolean()
  expectTypeOf<RuleOptions['tunnelId']>().toEqualTypeOf<bigint | number | undefined>()
  expectTypeOf<Rule['tunnelId']>().toEqualTypeOf<bigint | undefined>()
  expectTypeOf<{ sourcePorts: number }>().toExtend<RuleOptions>()
  expectTypeOf<{ destinationPorts: { start: number; end: number } }>().toExtend<RuleOptions>()
  expectTypeOf<{ iif: number }>().not.toExtend<RuleOptions>()
})

test('what a list gives may be given to `delete`, `add` and `find`', () => {
  expectTypeOf<Address>().toExtend<AddressKey>()
  expectTypeOf<Address>().toExtend<AddressOptions>()
  expectTypeOf<Route>().toExtend<RouteKey>()
  expectTypeOf<Route>().toExtend<RouteOptions>()
  expectTypeOf<Rule>().toExtend<RuleOptions>()
})

test('optional properties may be undefined, as in `{ dev: maybe }`', () => {
  expectTypeOf<{ dst: string; via: string | undefined; metric: undefined }>().toExtend<RouteOptions>()
  expectTypeOf<{ dev: undefined; family: Family | undefined }>().toExtend<RouteFilter>()
  expectTypeOf<{ dev: number; address: string; peer: undefined }>().toExtend<AddressOptions>()
})
