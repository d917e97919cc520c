import { join } from 'node:path'
import type { Environment } from './environment.ts'
import type { Traits } from './programs/checks/check.ts'
import { checks, programs, traitsEnv } from './program-files.ts'

interface JestOptions {
  readonly files: Readonly<Record<string, string>>
  /** The file of the tests. */
  readonly test: string
  readonly config?: object
  readonly shows?: readonly string[]
  readonly node?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly traits?: Traits
  readonly usesServer?: boolean
}

const COMMON_JS = { ...checks('checks.cjs'), ...programs('surroundings.cjs', 'client.cjs') }

/** Below Node 24.9, Jest loads modules by `import` only; and its Float64Array does not extend what its Uint8Array does. */
const NODE: Traits = {
  isDeaf: true,
  cannotRequire: ['superjson'],
  losses: { msgpack: ['a Float64Array'] },
}

/** With jsdom, `Buffer` does not extend the Uint8Array of the program. */
const TWO_ARRAYS: Traits['losses'] = {
  msgpack: ['a Buffer'],
  cbor: ['a Buffer', 'a Float64Array'],
  yaml: ['a Buffer'],
}

/** A browser gets builds of its own, of which Jest does not load those that are modules. */
const BROWSER: Traits = {
  isDeaf: true,
  cannotRequire: ['bson', 'msgpackr', 'superjson'],
  losses: TWO_ARRAYS,
}

function environment(name: string, options: JestOptions): Environment {
  const {
    files,
    test,
    config = {},
    shows = [],
    node = [],
    env = {},
    traits = NODE,
    usesServer = false,
  } = options
  return {
    name,
    group: 'jest',
    shows: ['jest', ...shows],
    usesServer,
    files: {
      ...files,
      ...programs(test),
      'jest.config.json': JSON.stringify({ cacheDirectory: '.cache', testMatch: [`**/${test}`], ...config }),
    },
    commands: ({ modules }) => [
      {
        run: ['node', ...node, join(modules, 'jest/bin/jest.js'), '--ci', '--watchman=false', '--runInBand'],
        env: { ...traitsEnv(traits), ...env },
      },
    ],
    prints: /^Tests: +(\d+ passed), \d+ total$/m,
    // The first two: something keeps the process alive.
    neverPrints: /did not exit|open handle|FuncCacheWarning.*asV8/i,
  }
}

const fakes = { files: COMMON_JS, test: 'jest-fakes-tests.cjs' }

/** What the tests of TypeScript are compiled with. */
const tsJest = (compilerOptions: object) => ({
  shows: ['ts-jest', 'typescript'],
  usesServer: true,
  files: COMMON_JS,
  test: 'ts-jest.ts',
  config: {
    transform: {
      '\\.ts$': [
        'ts-jest',
        {
          tsconfig: {
            strict: true,
            exactOptionalPropertyTypes: true,
            target: 'es2022',
            types: ['node'],
            ...compilerOptions,
          },
        },
      ],
    },
  },
})

export const jest: readonly Environment[] = [
  environment('jest-esm', {
    files: { ...checks('checks.mjs'), ...programs('surroundings.mjs', 'client.mjs') },
    test: 'jest-tests.mjs',
    config: { transform: {} },
    node: ['--experimental-vm-modules'],
    usesServer: true,
  }),
  environment('jest-commonjs', {
    files: COMMON_JS,
    test: 'jest-tests.cjs',
    usesServer: true,
  }),
  environment('ts-jest-node16', tsJest({ module: 'node16', moduleResolution: 'node16' })),
  environment(
    'ts-jest-commonjs',
    tsJest({
      module: 'commonjs',
      moduleResolution: 'node10',
      ignoreDeprecations: '6.0',
      experimentalDecorators: true,
    }),
  ),
  environment('jest-jsdom', {
    files: COMMON_JS,
    test: 'jest-browser-tests.cjs',
    config: { testEnvironment: 'jsdom' },
    shows: ['jest-environment-jsdom'],
    traits: BROWSER,
  }),
  environment('jest-jsdom-as-node', {
    files: COMMON_JS,
    test: 'jest-browser-tests.cjs',
    // What users set, so that packages come as they do in Node.
    config: {
      testEnvironment: 'jsdom',
      testEnvironmentOptions: { customExportConditions: ['node', 'node-addons'] },
    },
    shows: ['jest-environment-jsdom'],
    traits: { ...NODE, losses: TWO_ARRAYS },
  }),
  environment('jest-fake-timers-globally', {
    ...fakes,
    config: { fakeTimers: { enableGlobally: true }, testTimeout: 1_000 },
  }),
  environment('jest-fake-timers-by-test', {
    ...fakes,
    config: { testTimeout: 1_000 },
    env: { FAKES: 'by the test' },
  }),
]
