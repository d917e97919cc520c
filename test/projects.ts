// The projects of the test runner: which tests run together, on which server, and whether each file is on its own.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestProjectConfiguration } from 'vitest/config'
import { CLUSTER, newestOf, serverNames } from './servers/server-names.ts'

/** How many times as many random cases as usual are tried: see `test/random.ts`. */
const RANDOM_FACTOR = Number(process.env['RANDOM_FACTOR'] ?? 1)

const LIMITS = {
  testTimeout: 30_000 * Math.max(1, RANDOM_FACTOR),
  hookTimeout: 30_000,
  // Replays of traces mostly wait for a server; together they keep it busy.
  maxConcurrency: 100,
}

/** Every night: nothing is left out. */
const HAS_ALL = process.env['EACH_SERVER'] === 'all'

/** What a run leaves out, and what its tests read from the environment. */
interface Choice {
  readonly include?: string[]
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
      provide: { needs: 'for clients' },
    },
  },
]

/** Files of the suite, by their names, which spaces part. */
const suite = (names: string): string[] => names.split(' ').map((name) => `test/server/${name}.test.ts`)

/** How this process waits for a store that does not answer: servers do not differ in it. */
const WAITING = suite('store-timeout')

/** What the scripts of every policy do about lost keys: nearly a thousand tests. */
const HEALING = suite('healing')

/** Thousands of steps of one policy: each policy meets its twin on every server in `twins.test.ts`, too. */
const LONG_REPLAYS = suite('cost-policy traces')

/**
 * What a call does above the store: it asks the store for nothing but what other files ask for. It is tried in process, and with the
 * first server.
 */
const ABOVE_THE_STORE = suite(
  'advise async-callbacks changed-arguments close compute-time copies deadlock default-ttl detailed envelope errors events freshness ' +
    'get-or-set limits-of-time max-concurrent modes put-wait record schema sharing unstorable',
)

/**
 * In what servers differ: the commands that they have and what these reply, scripts that they run, what happens at the same time.
 * Each script of each policy is in it, each command of the library, and sequences of steps that are held against the store in process.
 */
const WHERE_SERVERS_DIFFER = suite(
  'change-log commands concurrency conformance custom-policy eviction-pieces lease-messages misplaced processes published-suites ' +
    'python-entries registry twins',
)

/** What happens within one partition, whose keys lie on one node: a cluster is made of such servers as the catalogue has. */
const WITHIN_A_NODE = suite(
  'admission eviction-pieces fencing hyperbolic max-bytes max-bytes-concurrency passes published-suites random s3-fifo sieve ttl twins',
)

/** How many there are. */
const FILES_OF_SUITE = readdirSync(join(import.meta.dirname, 'server')).filter((file) =>
  file.endsWith('.test.ts'),
).length

/** The suite that every store has to pass, for one server or, called `memory`, in process. */
const suiteFor = (server: string, { include, exclude = [], env = {} }: Choice = {}) => ({
  test: {
    ...LIMITS,
    name: server,
    include: include ?? ON_EACH_SERVER,
    exclude,
    env,
    isolate: false,
    setupFiles: ['test/servers/skip-unavailable.ts'],
    globalSetup: ['test/servers/global-setup.ts'],
    provide: {
      server,
      needs: server === 'memory' ? ('none' as const) : ('its own' as const),
      leftOut: include === undefined ? exclude.length : FILES_OF_SUITE - include.length,
    },
  },
})

/** What each server tries in the ordinary run; `EACH_SERVER=all`, which is for every night, leaves nothing out. */
const SHARES = {
  /** All files, each policy in one scope, half of the random cases. The store in process has both scopes. */
  first: { env: { COMBINATIONS: 'few', RANDOM_FACTOR: String(RANDOM_FACTOR / 2) } },
  /**
   * The newest server: without the second style of key names, which is other keys for the same scripts, without
   * {@link HEALING}, {@link WAITING}, {@link LONG_REPLAYS} and {@link ABOVE_THE_STORE}.
   */
  newest: {
    exclude: [...WAITING, ...HEALING, ...LONG_REPLAYS, ...ABOVE_THE_STORE],
    env: { KEY_STYLES: 'cluster', COMBINATIONS: 'few', RANDOM_FACTOR: String(RANDOM_FACTOR / 3) },
  },
  /** A cluster: without that, and without {@link WITHIN_A_NODE}. */
  cluster: {
    exclude: [...WAITING, ...HEALING, ...LONG_REPLAYS, ...ABOVE_THE_STORE, ...WITHIN_A_NODE],
    env: { KEY_STYLES: 'cluster', COMBINATIONS: 'few', RANDOM_FACTOR: String(RANDOM_FACTOR / 3) },
  },
  /** Those between the first and the newest: {@link WHERE_SERVERS_DIFFER}. */
  between: {
    include: WHERE_SERVERS_DIFFER,
    env: { KEY_STYLES: 'cluster', COMBINATIONS: 'few', RANDOM_FACTOR: String(RANDOM_FACTOR / 3) },
  },
} satisfies Record<string, Choice>

function shareOf(name: string, names: readonly string[]): Choice {
  if (HAS_ALL) return {}
  if (name === names[0]) return SHARES.first
  if (name === CLUSTER) return SHARES.cluster
  return name === newestOf(names) ? SHARES.newest : SHARES.between
}

/** What of the suite depends on whether results are held near, once more with that. */
const NEAR: TestProjectConfiguration = {
  test: {
    ...suiteFor('memory', {
      env: { NEAR: 'yes', KEY_STYLES: 'cluster', ...(HAS_ALL ? {} : { COMBINATIONS: 'few' }) },
    }).test,
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
  const names = await serverNames()
  return [
    ...unit({ env: { RANDOM_FACTOR: String(RANDOM_FACTOR / 2) } }),
    DOCUMENTATION,
    ...SLOW,
    suiteFor('memory'),
    NEAR,
    ...names.map((name) => suiteFor(name, shareOf(name, names))),
  ]
}

/**
 * What says within a minute whether a change works: no clients, no package, no replays of whole traces, no processes that hammer a
 * server, a fifth of the random cases, one style of key names, each policy in one scope and without shards; and on one server only
 * {@link WHERE_SERVERS_DIFFER}.
 */
export async function quickProjects(): Promise<TestProjectConfiguration[]> {
  const names = await serverNames('present')
  const server = names.find((name) => name !== CLUSTER)
  const exclude = suite('traces trace-scripts processes concurrency frozen random store-timeout')
  const include = WHERE_SERVERS_DIFFER.filter((file) => !exclude.includes(file))
  const random = { RANDOM_FACTOR: String(RANDOM_FACTOR / 5) }
  const env = { ...random, KEY_STYLES: 'cluster', COMBINATIONS: 'few' }
  return [
    ...unit({ exclude: ['test/{policies,simulation}/{traces,costs}.test.ts'], env: random }),
    suiteFor('memory', { exclude, env }),
    ...(server === undefined ? [] : [suiteFor(server, { include, env })]),
  ]
}
