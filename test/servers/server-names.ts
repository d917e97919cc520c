import { findServers } from './binaries.ts'
import { CATALOGUE } from './catalogue.ts'
import { runningServers } from './running-servers.ts'

/** The name of a cluster of three masters with a replica each. */
export const CLUSTER = 'cluster'

/**
 * The names of the servers that the tests run on: those of `TEST_REDIS_URLS`, which run already; or those that
 * `TEST_SERVERS` names, parted by commas; or all of the catalogue and a cluster.
 *
 * `TEST_SERVERS=present` stands for those that this machine has, without fetching any.
 *
 * @throws If that is none, and this is CI; or if a server of `TEST_REDIS_URLS` does not answer.
 * @param fallback What is done where neither variable is set; default `'all'`.
 */
export async function serverNames(fallback: 'all' | 'present' = 'all'): Promise<readonly string[]> {
  const running = await runningServers()
  if (running.length > 0) return running.map(({ name }) => name)
  const wanted = process.env['TEST_SERVERS'] ?? fallback
  const names = wanted === 'all' ? [...CATALOGUE.map(({ name }) => name), CLUSTER] : await namesOf(wanted)
  if (names.length === 0 && process.env['CI'])
    throw new Error(
      wanted === 'present'
        ? 'There is no redis-server or valkey-server in PATH.'
        : `TEST_SERVERS names no server: '${wanted}'.`,
    )
  return names
}

/** The newest of some servers that are no cluster: the last, as in the catalogue. */
export const newestOf = (names: readonly string[]): string | undefined =>
  names.filter((name) => name !== CLUSTER).at(-1)

async function namesOf(wanted: string): Promise<readonly string[]> {
  if (wanted !== 'present') return wanted.split(',').filter((name) => name !== '')
  const present = (await findServers()).map(({ name }) => name)
  return present.length > 0 ? [...present, CLUSTER] : []
}
