/**
 * The library as users get it, in the environments in which they use it: test runners, bundlers, compilers, and with
 * `--runtimes` the versions and kinds of runtimes.
 *
 *     tsx test/matrix/main.ts [--runtimes] [--few] [--list] [name …]
 */
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { findServers } from '../servers/binaries.ts'
import { startServer, type TestServer } from '../servers/start-server.ts'
import { bundlers } from './bundlers.ts'
import type { Environment, Outcome } from './environment.ts'
import { Installation } from './installation.ts'
import { jest } from './jest.ts'
import { nodeTest } from './node-test.ts'
import { runEnvironment } from './run-environment.ts'
import { runtimes } from './runtimes.ts'
import { Table } from './table.ts'
import { compilers } from './typescript.ts'
import { vitest } from './vitest.ts'

/**
 * What `--few` leaves to the run of every night: each differs little from an environment that is tried at any time, or joins what two
 * of them have, such as jsdom and a pool with realms.
 */
const NIGHTLY: ReadonlySet<string> = new Set([
  'ts-jest-node16',
  'vitest-jsdom-vmThreads',
  'vitest-happy-dom-vmThreads',
  'webpack-production',
  'rollup-cjs',
  'rollup-esm-minified',
  'typescript-5.4-bundler',
  'typescript-6-nodenext-esm',
  'typescript-6-node16-cjs',
  'typescript-6-bundler',
  'typescript-6-legacy-decorators',
])

/** How many environments run at a time: most of them wait for a process to start, or for a server. */
const AT_A_TIME = 2

const { values, positionals } = parseArgs({
  options: { runtimes: { type: 'boolean' }, few: { type: 'boolean' }, list: { type: 'boolean' } },
  allowPositionals: true,
})
const all = values.runtimes ? runtimes : [...jest, ...vitest, ...nodeTest, ...bundlers, ...compilers]
const unknown = positionals.filter((wanted) => !all.some(({ name }) => name === wanted))
const environments = all.filter(({ name }) =>
  positionals.length === 0 ? !values.few || !NIGHTLY.has(name) : positionals.includes(name),
)

if (unknown.length > 0) {
  console.error(
    `There is no ${unknown.join(', ')}. See --list${values.runtimes ? '' : ', and --runtimes --list'}.`,
  )
  process.exitCode = 2
} else if (values.list) {
  for (const { name } of environments) console.log(name)
} else {
  process.exitCode = (await runAll()) ? 0 : 1
}

async function runAll(): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'redis-func-cache-matrix-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
  const servers = await Promise.all(Array.from({ length: AT_A_TIME }, () => serverFor(environments)))
  try {
    return await report(new Installation(folder), servers)
  } finally {
    await Promise.all(servers.map(async (server) => server?.stop()))
  }
}

/** The oldest that is supported. */
async function serverFor(wanted: readonly Environment[]): Promise<TestServer | undefined> {
  if (!wanted.some(({ usesServer }) => usesServer)) return undefined
  const [found] = await findServers()
  if (found === undefined)
    console.log('There is no server: what needs one is left out. See scripts/servers.ts.')
  return found && startServer(found.server)
}

/** @param servers One for each environment that runs at a time, since they use the same names of caches. */
async function report(
  installation: Installation,
  servers: readonly (TestServer | undefined)[],
): Promise<boolean> {
  const table = new Table(environments)
  const failed: [name: string, output: string][] = []
  const waiting = [...environments]
  const runInTurn = async (server: TestServer | undefined): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const outcome = await outcomeOf(next, installation, server?.url)
      table.row(next.name, outcome)
      if (outcome.result === 'failed') failed.push([next.name, outcome.output])
    }
  }
  await Promise.all(servers.map(runInTurn))
  for (const [name, output] of failed) console.log(`\n== ${name}\n${output}`)
  const seconds = [...installation.seconds].map(([what, took]) => `${what} ${took.toFixed(1)} s`)
  console.log(`\ninstalled: ${seconds.join(', ')}`)
  if (values.few) console.log(`left to the run of every night: ${NIGHTLY.size}`)
  console.log(`${environments.length - failed.length} passed, ${failed.length} failed`)
  return failed.length === 0
}

async function outcomeOf(
  environment: Environment,
  installation: Installation,
  serverUrl: string | undefined,
): Promise<Outcome> {
  try {
    return await runEnvironment(environment, await installation.group(environment.group), serverUrl)
  } catch (error) {
    return { result: 'failed', seconds: 0, version: '', note: 'not installed', output: String(error) }
  }
}
