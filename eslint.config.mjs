import js from '@eslint/js'
import tseslint from 'typescript-eslint'

const nodeGlobals = Object.fromEntries(
  ['require', 'module', '__dirname', '__filename', 'process', 'console', 'Buffer', 'URL'].map((name) => [
    name,
    'readonly',
  ]),
)

const jestGlobals = ['describe', 'test', 'expect', 'beforeAll', 'afterAll']

export default tseslint.config(
  {
    ignores: [
      'test/**/*.pending.ts',
      'build/',
      '**/dist/',
      '.build/',
      'coverage/',
      'docs/',
      'prebuilds/',
      'test/package/consumer/',
    ],
  },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // A number in a template is a number: indexes, sizes and errno values stand in most messages.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // `type` and `interface` each have their place: schemas infer types, handles are interfaces.
      '@typescript-eslint/consistent-type-definitions': 'off',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      eqeqeq: ['error', 'always'],
    },
  },
  {
    files: ['test/**/*.ts', 'packages/*/test/**/*.ts', 'bench/**/*.ts', 'soak/**/*.ts'],
    rules: {
      // Under noUncheckedIndexedAccess a test that has just checked a length may say so with `!`.
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  {
    files: ['**/*.cjs', '**/*.js'],
    languageOptions: { sourceType: 'commonjs', globals: nodeGlobals },
  },
  {
    files: ['examples/jest/**/*.js'],
    languageOptions: { globals: Object.fromEntries(jestGlobals.map((name) => [name, 'readonly'])) },
  },
  { files: ['**/*.mjs'], languageOptions: { globals: nodeGlobals } },
)
