import { askServer } from './ask-server.ts'
import { nameOf, type Product } from './catalogue.ts'

/** A server that somebody else started, for the tests alone. */
export interface RunningServer {
  /** As a program of that version would be called; `cluster` for a node of one. */
  readonly name: string
  readonly url: string
  readonly port: number
  readonly product: Product
  readonly version: string
  /** All nodes; empty for a server that is no node of a cluster. */
  readonly nodes: readonly { readonly host: string; readonly port: number }[]
}

/**
 * The servers of `TEST_REDIS_URLS`: addresses on this machine, parted by commas, such as `redis://127.0.0.1:6379`.
 *
 * @throws If one of them does not answer, or is not on this machine.
 */
export async function runningServers(): Promise<RunningServer[]> {
  const urls = process.env['TEST_REDIS_URLS']?.split(',').filter((url) => url !== '') ?? []
  return Promise.all(urls.map(describe))
}

async function describe(url: string): Promise<RunningServer> {
  const { hostname, port: text, username, password, pathname } = new URL(url)
  const isPlain = username === '' && password === '' && pathname.length <= 1
  if (!['127.0.0.1', 'localhost'].includes(hostname) || !isPlain) {
    throw new Error(
      `TEST_REDIS_URLS: ${url} must be redis://127.0.0.1:<port>, a server that wants no password.`,
    )
  }
  const port = Number(text || 6379)
  const [server, cluster] = await Promise.all([
    askServer(port, 'INFO server'),
    askServer(port, 'INFO cluster'),
  ])
  const valkey = /^valkey_version:(\S+)/m.exec(server)?.[1]
  const product = valkey === undefined ? 'redis' : 'valkey'
  // Valkey also gives the redis_version it is compatible with.
  const version = valkey ?? /^redis_version:(\S+)/m.exec(server)?.[1] ?? 'unknown'
  const isNode = /^cluster_enabled:1/m.test(cluster)
  const nodes = isNode ? nodesIn(await askServer(port, 'CLUSTER NODES')) : []
  const name = isNode ? 'cluster' : nameOf({ product, version })
  return { name, url: `redis://127.0.0.1:${port}`, port, product, version, nodes }
}

/** Lines begin with the node's id and `host:port@bus`. */
function nodesIn(text: string): { host: string; port: number }[] {
  return [...text.matchAll(/^\S+ ([\d.]+):(\d+)@/gm)].map(([, host = '', port]) => ({
    host,
    port: Number(port),
  }))
}
