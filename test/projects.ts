// The projects of the test runner: which tests run together, on which server, and whether each file is on its own.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestProjectConfiguration } from 'vitest/config'
import { CLUSTER, serverNames } from './servers/server-names.ts'

/** How many times as many random cases as usual are tried: see `test/random.ts`. */
const RANDOM_FACTOR = Number(process.env['RANDOM_FACTOR'] ?? 1)

const LIMITS = {
  testTimeout: 30_000 * Math.max(1, RANDOM_FACTOR),
  hookTimeout: 30_000,
  // Replays of traces mostly wait for a server; together they keep it busy.
  maxConcurrency: 100,
}

/** What a run leaves out, and what its tests read from the environment. */
interface Choice {
  readonly exclude?: string[]
  readonly env?: Record<string, string>
}

/** Tests that use servers, all of them or one, without being those that run on each. */
const CLIENTS = [
  'test/clients/{clients,connections,error-causes,lost-lease-replies,messages,near-faults,out-of-step,permissions,replicas,whole-way}.test.ts',
  'test/warnings/warnings.test.ts',
  'test/servers/*.test.ts',
]
const DOCS = ['test/docs/*.test.ts']
const PACKAGE = ['test/package/*.test.ts']
const CHAOS = ['test/chaos/**/*.test.ts', 'test/verify/verify.test.ts']
const MODELS = ['test/models/*.test.ts']
const ON_EACH_SERVER = ['test/server/*.test.ts']
const ELSEWHERE = [
  ...[CLIENTS, DOCS, PACKAGE, CHAOS, MODELS, ON_EACH_SERVER].flat(),
  'test/{apps,matrix}/**',
  'test/docs/.*/**',
]

/**
 * Files that replace the timers of the library by those that Vitest can replace. They share their modules with each other
 * alone: in modules that were loaded before, it would be too late to replace anything. So all of them replace the same.
 */
const withMocks = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.test.ts') && !path.includes('node_modules'))
  .filter((path) => /^vi\.mock\(/m.test(readFileSync(join(import.meta.dirname, path), 'utf8')))
  .map((path) => `test/${path.replaceAll('\\', '/')}`)

/**
 * Without servers. Files share their modules within a worker, which saves a third of the time.
 */
const unit = ({ exclude = [], env = {} }: Choice = {}): TestProjectConfiguration[] => [
  {
    test: {
      ...LIMITS,
      name: 'unit',
      include: ['test/**/*.test.ts'],
      exclude: [...ELSEWHERE, ...withMocks, ...exclude],
      env,
      isolate: false,
    },
  },
  { test: { ...LIMITS, name: 'unit-mocks', include: withMocks, exclude: ELSEWHERE, env, isolate: false } },
]

/** The documentation, whose examples need a server. */
const DOCUMENTATION: TestProjectConfiguration = {
  test: {
    ...LIMITS,
    name: 'docs',
    include: DOCS,
    globalSetup: ['test/servers/global-setup.ts'],
    provide: { needs: 'one' },
  },
}

/** The slow ones: the package as users get it, models in all their states, servers that fail, all clients on all servers. */
const SLOW: TestProjectConfiguration[] = [
  { test: { ...LIMITS, name: 'package', include: PACKAGE } },
  // Each test is a search that keeps one core busy.
  { test: { ...LIMITS, name: 'models', include: MODELS, testTimeout: 120_000, maxConcurrency: 2 } },
  {
    test: {
      ...LIMITS,
      name: 'chaos',
      include: CHAOS,
      globalSetup: ['test/servers/global-setup.ts'],
      provide: { needs: 'none' },
      // Each test starts a server and a process, and measures how long these take.
      maxConcurrency: 3,
    },
  },
  {
    test: {
      ...LIMITS,
      name: 'clients',
      include: CLIENTS,
      globalSetup: ['test/servers/global-setup.ts'],
      provide: { needs: 'all' },
    },
  },
]

/** The suite that every store has to pass, for one server or, called `memory`, in process. */
const suiteFor = (server: string, more: Choice = {}) => ({
  test: {
    ...LIMITS,
    name: server,
    include: ON_EACH_SERVER,
    isolate: false,
    setupFiles: ['test/servers/skip-unavailable.ts'],
    globalSetup: ['test/servers/global-setup.ts'],
    provide: { server, needs: server === 'memory' ? ('none' as const) : ('its own' as const) },
    ...more,
  },
})

/** How this process waits for a store that does not answer: servers do not differ in it. */
const WAITING = 'test/server/store-timeout.test.ts'

/** What the scripts of every policy do about lost keys: nearly a thousand tests. */
const HEALING = 'test/server/healing.test.ts'

/**
 * What a call does above the store: it asks the store for nothing but what other files ask for. It is tried in process, and with the
 * first server.
 */
const ABOVE_THE_STORE =
  'test/server/{advise,async-callbacks,changed-arguments,close,compute-time,copies,deadlock,default-ttl,detailed,envelope,errors,' +
  'events,freshness,get-or-set,limits-of-time,max-concurrent,modes,put-wait,record,schema,sharing,unstorable}.test.ts'

/**
 * What every server but the first leaves out, since servers do not differ in it: the second style of key names and the second
 * scope of each policy, which choose other keys for the same scripts; {@link HEALING}, {@link WAITING} and {@link ABOVE_THE_STORE}.
 * It tries a third of the random cases. `EACH_SERVER=all`, which is for every night, leaves nothing out.
 */
const BUT_THE_FIRST =
  process.env['EACH_SERVER'] === 'all'
    ? {}
    : {
        exclude: [WAITING, HEALING, ABOVE_THE_STORE],
        env: { KEY_STYLES: 'cluster', COMBINATIONS: 'few', RANDOM_FACTOR: String(RANDOM_FACTOR / 3) },
      }

/** What of the suite depends on whether results are held near, once more with that. */
const NEAR: TestProjectConfiguration = {
  test: {
    ...suiteFor('memory', { env: { NEAR: 'yes', KEY_STYLES: 'cluster' } }).test,
    name: 'memory-near',
    include: [
      'test/server/{changed-arguments,conformance,consistency,envelope,errors,fencing,freshness,frozen,get-or-set}.test.ts',
      'test/server/{invalidate-all,known-values,many,modes,nested-keys,own-context,put-wait,retry-for,schema,shards}.test.ts',
      'test/server/{sharing,tags,ttl,ttl-of-each}.test.ts',
    ],
  },
}

/** Everything. */
export async function allProjects(): Promise<TestProjectConfiguration[]> {
  return [
    ...unit(),
    DOCUMENTATION,
    ...SLOW,
    suiteFor('memory'),
    NEAR,
    ...(await serverNames()).map((name, i) => suiteFor(name, i === 0 ? {} : BUT_THE_FIRST)),
  ]
}

/**
 * What says within a minute whether a change works: no clients, no package, no replays of whole traces, no
 * processes that hammer a server, no lost keys, a fifth of the random cases, one style of key names, and each policy in one
 * scope and without shards.
 */
export async function quickProjects(): Promise<TestProjectConfiguration[]> {
  const names = await serverNames('present')
  const server = names.find((name) => name !== CLUSTER)
  const exclude = ['test/server/{traces,trace-scripts,processes,concurrency,frozen,random}.test.ts']
  const random = { RANDOM_FACTOR: String(RANDOM_FACTOR / 5) }
  const env = { ...random, KEY_STYLES: 'cluster', COMBINATIONS: 'few' }
  return [
    ...unit({ exclude: ['test/{policies,simulation}/{traces,costs}.test.ts'], env: random }),
    suiteFor('memory', { exclude, env }),
    ...(server === undefined ? [] : [suiteFor(server, { exclude: [...exclude, WAITING, HEALING], env })]),
  ]
}
