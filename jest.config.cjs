/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: '<rootDir>/test/support/environment.cjs',
  testMatch: ['<rootDir>/test/**/*.test.ts', '<rootDir>/packages/*/test/**/*.test.ts'],
  // Packages import each other by their names: here, as for the compiler (tsconfig.json), these are their sources.
  moduleNameMapper: require('./scripts/sources.cjs').moduleNameMapper,
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
  reporters: ['default', '<rootDir>/test/support/slowest.cjs', '<rootDir>/test/support/left_to_vm.cjs'],
  setupFilesAfterEnv: ['<rootDir>/test/support/setup.ts'],
  // For what never ends. No test measures by it: where a machine is busy, all takes many times as long.
  testTimeout: 180_000,
  // Three on two cores: tests wait for the kernel, for timers and for other programs a third of their time. Each worker has a
  // /run/netns of its own.
  runner: '<rootDir>/test/support/runner.cjs',
  maxWorkers: 3,
  // In processes of their own, so that a crash of the addon fails a file and not the run. (jest runs tests in its own
  // process when there is one file, unless a memory limit is set.)
  workerIdleMemoryLimit: '1GB',
}
