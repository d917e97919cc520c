import { join } from 'node:path'
import type { Environment } from './environment.ts'
import type { Traits } from './programs/checks/check.ts'
import { checks, programs, traitsEnv } from './program-files.ts'

interface VitestOptions {
  readonly test?: string
  readonly config?: object
  readonly shows?: readonly string[]
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly traits?: Traits
}

const COMMON = { ...checks('checks.mjs'), ...programs('surroundings.mjs', 'client.mjs') }

/** The pools with realms of their own load modules by `import` only, and mix typed arrays of two realms. */
const REALM: Traits = { cannotRequire: ['superjson'], losses: { msgpack: ['a Float64Array'] } }

/** With jsdom, or in a realm, `Buffer` does not extend the Uint8Array of the program. */
const TWO_ARRAYS: Traits['losses'] = {
  msgpack: ['a Buffer'],
  cbor: ['a Buffer', 'a Float64Array'],
  yaml: ['a Buffer'],
}

function environment(name: string, options: VitestOptions): Environment {
  const { test = 'vitest-tests.mjs', config = {}, shows = [], args = [], env = {}, traits = {} } = options
  const settings = { include: [test], watch: false, ...config }
  return {
    name,
    group: 'vitest',
    shows: ['vitest', ...shows],
    usesServer: test === 'vitest-tests.mjs',
    files: {
      ...COMMON,
      ...programs(test, 'vitest-fakes-first.mjs'),
      'vitest.config.mjs': `export default { test: ${JSON.stringify(settings)} }`,
    },
    commands: ({ modules }) => [
      {
        run: ['node', join(modules, 'vitest/vitest.mjs'), 'run', ...args],
        env: { ...traitsEnv(traits), ...env },
      },
    ],
    prints: /^ +Tests +(\d+ passed) \(\d+\)$/m,
    neverPrints: /Unhandled|FuncCacheWarning.*asV8|did not exit|hanging/i,
  }
}

/** All that can be faked; `nextTick` only where it is not that of a process of its own, which Vitest needs. */
const TIMERS = [
  'setTimeout',
  'clearTimeout',
  'setInterval',
  'clearInterval',
  'setImmediate',
  'clearImmediate',
  'queueMicrotask',
  'Date',
  'performance',
  'hrtime',
]

const fakes = (faked: string, pool: string, toFake: readonly string[]): VitestOptions => ({
  test: 'vitest-fakes-tests.mjs',
  args: ['--pool', pool],
  config: {
    testTimeout: 1_000,
    ...(faked === 'before it loads' && { setupFiles: ['./vitest-fakes-first.mjs'] }),
  },
  env: { FAKES: toFake.join(' '), FAKED: faked },
})

export const vitest: readonly Environment[] = [
  environment('vitest-forks', {}),
  ...['threads', 'vmThreads', 'vmForks'].map((pool) =>
    environment(`vitest-${pool}`, { args: ['--pool', pool], traits: pool === 'threads' ? {} : REALM }),
  ),
  ...['jsdom', 'happy-dom'].flatMap((browser) => [
    environment(`vitest-${browser}`, {
      test: 'vitest-browser-tests.mjs',
      config: { environment: browser },
      shows: [browser],
      traits: browser === 'jsdom' ? { losses: TWO_ARRAYS } : {},
    }),
    environment(`vitest-${browser}-vmThreads`, {
      test: 'vitest-browser-tests.mjs',
      config: { environment: browser },
      shows: [browser],
      args: ['--pool', 'vmThreads'],
      traits: { ...REALM, losses: TWO_ARRAYS },
    }),
  ]),
  environment('vitest-fake-timers', fakes('by the test', 'forks', TIMERS)),
  environment('vitest-fake-timers-threads', fakes('by the test', 'threads', [...TIMERS, 'nextTick'])),
  environment('vitest-fake-timers-first', fakes('before it loads', 'threads', [...TIMERS, 'nextTick'])),
]
