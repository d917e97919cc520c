import { execFile } from 'node:child_process'
import { access, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { serversFolder } from '../servers/binaries.ts'
import { debianMirror } from '../servers/debian-mirror.ts'
import { privateApt, run } from '../servers/private-apt.ts'

/** How many states of a model are the most, as a power of two; the table for them takes so many bytes times eight. */
const TABLE_POWER = 22
const LONGEST_TRAIL = 100_000

/** What SPIN says of a model. */
export interface Verdict {
  /** Where a promise was broken: the line of the model; `undefined` if all states keep all of them. */
  readonly broken: string | undefined
  readonly states: number
  /** The way to the broken promise, in as many steps as the search took. */
  readonly trail: string
}

/** Model checker and C compiler, or why there are none. */
export type Tools = { readonly spin: string; readonly cc: string } | { readonly reason: string }

/** Finds SPIN and a C compiler. Where SPIN is missing, it is unpacked from the package of this Debian, beside the servers of the tests. */
export async function findTools(): Promise<Tools> {
  const cc = await firstThatRuns(['cc', 'gcc', 'clang'], '--version')
  if (cc === undefined) return { reason: 'there is no C compiler' }
  const own = join(dirname(serversFolder()), 'tools', 'spin')
  const spin = (await firstThatRuns(['spin', own], '-V')) ?? (await unpackSpin(own))
  return typeof spin === 'string' ? { spin, cc } : spin
}

async function firstThatRuns(commands: readonly string[], argument: string): Promise<string | undefined> {
  for (const command of commands) {
    if ((await run(command, [argument]).catch(() => '')) !== '') return command
  }
  return undefined
}

async function unpackSpin(place: string): Promise<string | { reason: string }> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '')
  const codename = /^VERSION_CODENAME=(\S+)$/m.exec(release)?.[1]
  const mirror = codename === undefined ? undefined : await debianMirror(codename)
  if (codename === undefined || mirror === undefined)
    return { reason: 'no spin in PATH, and no Debian to get it from' }
  await mkdir(dirname(place), { recursive: true })
  const work = await mkdtemp(join(dirname(place), '.unpacking-'))
  try {
    // Its only dependency is the C library, which the C compiler needs, too.
    await privateApt(work, mirror, codename)
    const inFolder = { cwd: work }
    await promisify(execFile)('apt-get', ['-c', join(work, 'apt.conf'), '-qq', 'download', 'spin'], inFolder)
    const archive = (await readdir(work)).find((file) => file.endsWith('.deb'))
    await run('dpkg-deb', ['-x', join(work, archive ?? 'spin.deb'), join(work, 'root')])
    const unpacked = join(work, 'root/usr/bin/spin')
    await access(unpacked)
    await rename(unpacked, place)
    return place
  } catch (error) {
    return { reason: `spin cannot be had: ${error instanceof Error ? error.message : String(error)}` }
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/**
 * Searches all states of a model.
 *
 * @param text The model, in Promela.
 * @param defines Its sizes, such as `CHANGES=3`.
 * @param isShort Whether the search ends soon: then it is not worth the time to compile it well.
 */
export async function check(
  { spin, cc }: { spin: string; cc: string },
  text: string,
  defines: readonly string[],
  isShort: boolean,
): Promise<Verdict> {
  const folder = await mkdtemp(join(tmpdir(), 'model-'))
  const here = (command: string, args: readonly string[]) =>
    promisify(execFile)(command, args, { cwd: folder, maxBuffer: 1e9 })
  try {
    await writeFile(join(folder, 'model.pml'), text)
    const sizes = defines.map((define) => `-D${define}`)
    await here(spin, [`-P${cc} -E -x c`, '-a', '-o3', ...sizes, 'model.pml'])
    await here(cc, ['-w', isShort ? '-O0' : '-O1', '-DSAFETY', '-o', 'pan', 'pan.c'])
    const { stdout } = await here('./pan', ['-E', `-w${TABLE_POWER}`, `-m${LONGEST_TRAIL}`])
    const states = Number(/^\s*(\d+) states, stored/m.exec(stdout)?.[1])
    if (/error: max search depth|out of memory/.test(stdout) || !(states > 0)) throw new Error(stdout)
    if (/errors: 0$/m.test(stdout)) return { broken: undefined, states, trail: '' }
    const { stdout: trail } = await here(spin, [`-P${cc} -E -x c`, '-t', '-p', ...sizes, 'model.pml'])
    const line = Number(/model\.pml:(\d+), Error: assertion violated/.exec(trail)?.[1])
    return { broken: text.split('\n')[line - 1], states, trail }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
