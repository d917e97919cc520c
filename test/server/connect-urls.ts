import { createClient, createCluster } from 'redis'

/** A connected client of one server, or of a cluster of which some nodes are given: for processes that tests start. */
export async function connectTo(urls: readonly string[]) {
  const rootNodes = urls.map((url) => ({ url }))
  const client = rootNodes.length > 1 ? createCluster({ rootNodes }) : createClient(rootNodes[0])
  return client.on('error', () => {}).connect()
}
