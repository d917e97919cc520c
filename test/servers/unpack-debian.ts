import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { serverIn, serversFolder } from './binaries.ts'
import { type CatalogueEntry, isOfEntry } from './catalogue.ts'
import { debianMirror } from './debian-mirror.ts'
import { type Apt, privateApt, run } from './private-apt.ts'
import { wrapBinaries } from './wrap-binaries.ts'

const ABANDONED_AFTER_MS = 60 * 60_000

/** Why servers could not be had, by the entry's name. */
export type Refusals = Map<string, string>

/**
 * Unpacks server versions from Debian's own packages, each with its own libraries, into {@link serversFolder}.
 *
 * Needs neither root nor free dpkg locks: apt works on folders of its own and the packages are only unpacked.
 */
export async function unpackServers(entries: readonly CatalogueEntry[]): Promise<Refusals> {
  const refusals: Refusals = new Map()
  const refuse = (refused: readonly CatalogueEntry[], reason: string) => {
    for (const { name } of refused) refusals.set(name, reason)
  }
  const mirror = await findMirror()
  if ('reason' in mirror) {
    refuse(entries, mirror.reason)
    return refusals
  }
  console.log(`Fetching ${entries.map(({ name }) => name).join(', ')} …`)
  await mkdir(serversFolder(), { recursive: true })
  await removeAbandoned()
  await Promise.all(
    [...new Set(entries.map(({ suite }) => suite))].map(async (suite) => {
      const wanted = entries.filter((entry) => entry.suite === suite)
      // Beside the final place, so that the renaming at the end stays within one file system.
      const work = await mkdtemp(join(serversFolder(), '.unpacking-'))
      try {
        const apt = await privateApt(work, mirror.uri, suite)
        for (const entry of wanted) {
          await unpackServer(work, apt, entry).catch((error: unknown) => refuse([entry], reasonOf(error)))
        }
      } catch (error) {
        refuse(wanted, reasonOf(error))
      } finally {
        await rm(work, { recursive: true, force: true })
      }
    }),
  )
  return refusals
}

async function findMirror(): Promise<{ uri: string } | { reason: string }> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '')
  if (!/^ID=debian$/m.test(release)) return { reason: 'not a Debian machine, and no such server in PATH' }
  for (const tool of ['apt-get', 'dpkg-deb']) {
    if ((await run(tool, ['--version']).catch(() => '')) === '') return { reason: `${tool} is missing` }
  }
  const uri = await debianMirror(/^VERSION_CODENAME=(\S+)$/m.exec(release)?.[1] ?? 'stable')
  return uri === undefined ? { reason: 'the apt sources name no Debian archive' } : { uri }
}

async function unpackServer(work: string, apt: Apt, entry: CatalogueEntry): Promise<void> {
  const { name, product } = entry
  const archives = join(work, `${name}.archives`)
  const unpacked = join(work, name)
  await mkdir(join(archives, 'partial'), { recursive: true })
  await mkdir(join(unpacked, 'root'), { recursive: true })
  const packages = [`${product}-server`, `${product}-tools`]
  await apt('-y', '-o', `Dir::Cache::Archives=${archives}`, '--download-only', 'install', ...packages)
  const files = (await readdir(archives)).filter((file) => file.endsWith('.deb'))
  for (const file of files) await run('dpkg-deb', ['-x', join(archives, file), join(unpacked, 'root')])
  await wrapBinaries(unpacked, product)
  const found = await serverIn(join(unpacked, 'bin'), product)
  if (found === undefined) throw new Error(`${product}-server was unpacked, but does not run on this machine`)
  if (!isOfEntry(found, entry)) throw new Error(`${entry.suite} has moved on to ${product} ${found.version}`)
  await moveIntoPlace(unpacked, entry, work)
}

/** Whoever comes first wins; a folder that does not work makes way. */
async function moveIntoPlace(
  unpacked: string,
  { name, product }: CatalogueEntry,
  work: string,
): Promise<void> {
  const place = join(serversFolder(), name)
  try {
    await rename(unpacked, place)
  } catch (error) {
    if (await serverIn(join(place, 'bin'), product)) return
    await rename(place, join(work, `${name}.broken`))
    await rename(unpacked, place).catch(() => Promise.reject(error))
  }
}

/** What an installation that was killed has left behind. */
async function removeAbandoned(): Promise<void> {
  for (const name of await readdir(serversFolder())) {
    if (!name.startsWith('.unpacking-')) continue
    const folder = join(serversFolder(), name)
    const age = await stat(folder).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    )
    if (age > ABANDONED_AFTER_MS) await rm(folder, { recursive: true, force: true })
  }
}

function reasonOf(error: unknown): string {
  const text = error instanceof Error && 'stderr' in error ? String(error.stderr) : ''
  const complaints = text.split('\n').filter((line) => line.startsWith('E:') || line.includes('error:'))
  return complaints[0] ?? (error instanceof Error ? error.message : String(error))
}
