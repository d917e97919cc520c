import { execFile } from 'node:child_process'
import { access, constants } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { CATALOGUE, nameOf, type Product } from './catalogue.ts'

/** A server program of this machine that was seen to run. */
export interface ServerBinary {
  /** The name of its catalogue entry, else product and major.minor, such as `redis-7.2`. */
  readonly name: string
  readonly product: Product
  readonly version: string
  /** Absolute path of `redis-server` or `valkey-server`. */
  readonly server: string
}

const PRODUCTS: readonly Product[] = ['redis', 'valkey']

/** Where the servers are unpacked: outside the checkout, so that the next clone finds them again. */
export function serversFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'redis-func-cache', 'servers')
}

/**
 * Every server that can be started here: first those of the catalogue in its order, then the others of PATH.
 *
 * Nothing is installed and nothing is written. What does not run is left out, and every name comes once.
 */
export async function findServers(): Promise<ServerBinary[]> {
  const unpacked = CATALOGUE.map(({ name, product }) => serverIn(join(serversFolder(), name, 'bin'), product))
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  const inPath = folders.flatMap((folder) => PRODUCTS.map((product) => serverIn(folder, product)))
  const running = (await Promise.all([...unpacked, ...inPath])).filter((found) => found !== undefined)
  const byName = new Map<string, ServerBinary>()
  for (const found of running) if (!byName.has(found.name)) byName.set(found.name, found)
  const rank = ({ name }: ServerBinary) => CATALOGUE.findIndex((entry) => entry.name === name) + 1 || Infinity
  return [...byName.values()].sort((a, b) => (rank(a) === rank(b) ? 0 : rank(a) - rank(b)))
}

/** The server program of a folder, or nothing if there is none that runs. */
export async function serverIn(folder: string, product: Product): Promise<ServerBinary | undefined> {
  const server = join(folder, `${product}-server`)
  try {
    await access(server, constants.X_OK)
    const { stdout } = await promisify(execFile)(server, ['--version'], { timeout: 10_000 })
    // Not the file's name: some systems link redis-server to Valkey.
    const [, says, version] = /^(Redis|Valkey) server v=(\d+\.\d+\.\d+)/m.exec(stdout) ?? []
    if (says === undefined || version === undefined) return undefined
    const identity = { product: says === 'Redis' ? ('redis' as const) : ('valkey' as const), version }
    return { name: nameOf(identity), ...identity, server }
  } catch {
    return undefined
  }
}
