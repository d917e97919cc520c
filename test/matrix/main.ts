/**
 * The library as users get it, in the environments in which they use it: test runners, bundlers, compilers, and with
 * `--runtimes` the versions and kinds of runtimes.
 *
 *     tsx test/matrix/main.ts [--runtimes] [--list] [name …]
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

const { values, positionals } = parseArgs({
  options: { runtimes: { type: 'boolean' }, list: { type: 'boolean' } },
  allowPositionals: true,
})
const all = values.runtimes ? runtimes : [...jest, ...vitest, ...nodeTest, ...bundlers, ...compilers]
const unknown = positionals.filter((wanted) => !all.some(({ name }) => name === wanted))
const environments = all.filter(({ name }) => positionals.length === 0 || positionals.includes(name))

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
  const server = await serverFor(environments)
  try {
    return await report(new Installation(folder), server?.url)
  } finally {
    await server?.stop()
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

async function report(installation: Installation, serverUrl: string | undefined): Promise<boolean> {
  const table = new Table(environments)
  const failed: [name: string, output: string][] = []
  for (const environment of environments) {
    const outcome = await outcomeOf(environment, installation, serverUrl)
    table.row(environment.name, outcome)
    if (outcome.result === 'failed') failed.push([environment.name, outcome.output])
  }
  for (const [name, output] of failed) console.log(`\n== ${name}\n${output}`)
  const seconds = [...installation.seconds].map(([what, took]) => `${what} ${took.toFixed(1)} s`)
  console.log(`\ninstalled: ${seconds.join(', ')}`)
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
