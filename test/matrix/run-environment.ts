import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Environment, Outcome } from './environment.ts'
import { runCommand } from './run-command.ts'

/** Escape sequences of colours, which some tools write though they are asked not to. */
// oxlint-disable-next-line no-control-regex
const COLOURS = /\u001B\[[\d;]*m/g

/**
 * Runs an environment in the folder of its group.
 *
 * @param serverUrl Of the server, if there is one.
 */
export async function runEnvironment(
  environment: Environment,
  group: string,
  serverUrl: string | undefined,
): Promise<Outcome> {
  const beganMs = performance.now()
  const folder = join(group, environment.name)
  const elsewhere = join(group, '../../elsewhere', environment.name)
  const modules = join(group, 'node_modules')
  for (const path of [folder, elsewhere]) await mkdir(path, { recursive: true })
  for (const [path, text] of Object.entries(environment.files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  const env = serverUrl === undefined ? { REDIS_URL: '' } : { REDIS_URL: serverUrl }
  const hasServer = serverUrl !== undefined
  const outputs: string[] = []
  let code: number | undefined = 0
  for (const command of environment.commands({ folder, modules, elsewhere, hasServer })) {
    const ended = await runCommand({ cwd: folder, ...command, env: { ...env, ...command.env } })
    outputs.push(`$ ${command.run.join(' ')}\n${ended.output.replace(COLOURS, '')}`)
    if (code === 0) code = ended.code
    if (ended.code === undefined) break
  }
  const output = outputs.join('\n')
  const [, note = ''] = environment.prints.exec(output) ?? []
  const without = environment.usesServer && !hasServer ? 'without a server' : ''
  const faults = faultsOf(environment, code, output, hasServer)
  return {
    result: faults.length === 0 ? 'passed' : 'failed',
    seconds: (performance.now() - beganMs) / 1000,
    version: await versionsOf(environment, modules),
    note: [...faults, note, without].filter((text) => text !== '').join('; '),
    output,
  }
}

function faultsOf(
  { prints, neverPrints, isRefused, usesServer }: Environment,
  code: number | undefined,
  output: string,
  hasServer: boolean,
): string[] {
  const faults: string[] = []
  if (code === undefined) faults.push('did not end')
  else if ((code === 0) === (isRefused === true)) faults.push(`exit code ${code}`)
  if (faults.length === 0 && !prints.test(output)) faults.push(`does not print ${prints}`)
  const unwanted = neverPrints?.exec(output)
  if (unwanted) faults.push(`prints ${unwanted[0]}`)
  if (usesServer && !hasServer && process.env['CI'] === 'true') faults.push('no server')
  return faults
}

/** As they are installed, not as they were asked for. */
async function versionsOf({ shows }: Environment, modules: string): Promise<string> {
  if (shows.length === 0) return `node ${process.versions.node}`
  const versions = shows.map(async (name) => {
    const manifest = await readFile(join(modules, name, 'package.json'), 'utf8').catch(() => '{}')
    const { version = 'none' } = JSON.parse(manifest) as { version?: string }
    return `${name.replace(/-[\d.]+$/, '')} ${version.replace(/^v/, '')}`
  })
  return (await Promise.all(versions)).join(', ')
}
