/**
 * Fixtures for tests that need network namespaces: new ones for each test, and a check for what a test leaves behind. Works with
 * jest, vitest and node:test, and depends on none of them.
 * @module netloom/testing
 */
export { useNetNs } from './use_netns'
export type { CurrentTestNet, Join, TestCleanup, TestNet, UseNetNsOptions } from './options'
export type { Hook, Hooks } from './hooks'
export { holdings, type Holding, type HoldingKind } from './holdings'
export { checkLeaks, findLeaks, LeakError, type LeakOptions } from './leaks'
export type { LeakReport } from './running'
