import { findServers, type ServerBinary } from './binaries.ts'
import { CATALOGUE } from './catalogue.ts'
import { unpackServers } from './unpack-debian.ts'

export interface Unavailable {
  readonly name: string
  readonly reason: string
}

export interface EnsuredServers {
  readonly servers: readonly ServerBinary[]
  readonly unavailable: readonly Unavailable[]
}

/**
 * The servers of the catalogue, installed first where they are missing.
 *
 * Where some cannot be had, whatever other server is in PATH stands in, under its own name.
 *
 * @param names Only these entries of the catalogue; without it, all.
 */
export async function ensureServers(names?: readonly string[]): Promise<EnsuredServers> {
  const wanted = CATALOGUE.filter(({ name }) => names === undefined || names.includes(name))
  const isWanted = ({ name }: { name: string }) => wanted.some((entry) => entry.name === name)
  const present = await findServers()
  const missing = wanted.filter(({ name }) => !present.some((server) => server.name === name))
  if (missing.length === 0) return { servers: present.filter(isWanted), unavailable: [] }

  const refusals = await unpackServers(missing)
  const servers = await findServers()
  const unavailable = wanted
    .filter(({ name }) => !servers.some((server) => server.name === name))
    .map(({ name }) => ({ name, reason: refusals.get(name) ?? 'unpacked, but not found again' }))
  return { servers: unavailable.length > 0 ? servers : servers.filter(isWanted), unavailable }
}
