/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: '<rootDir>/test/support/environment.cjs',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  // Fixture projects hold tests of their own, which run in the package that they install.
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/package/consumer/'],
  modulePathIgnorePatterns: ['<rootDir>/test/package/consumer/', '<rootDir>/\\.build/'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        // ES2022 has no `using`: swc lowers it, Node 20 does not know it.
        jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
        module: { type: 'commonjs' },
        sourceMaps: 'inline',
      },
    ],
  },
  reporters: ['default', '<rootDir>/test/support/slowest.cjs'],
  setupFilesAfterEnv: ['<rootDir>/test/support/setup.ts'],
  // For what never ends. No test measures by it: where a machine is busy, all takes many times as long.
  testTimeout: 180_000,
  // One file at a time: the kernel serializes changes of links (rtnl) anyway, and a file that counts namespaces,
  // mounts and descriptors before and after must not see those of another.
  maxWorkers: 1,
  // Still in a process of its own, so that a crash of the addon fails a file and not the run. (jest runs tests in its
  // own process when there is one worker, unless a memory limit is set.)
  workerIdleMemoryLimit: '1GB',
}
