import { warn } from '../warnings/process-warning.ts'
import type { RedisClient } from './port.ts'

/** A program may exchange its client. So many new ones in a row are made for each use. */
const MOST_NEW_IN_A_ROW = 8

/**
 * Returns a function that returns what the given one returns. It warns if that makes a new client for each use: each client opens
 * a connection, which nobody closes.
 */
export function lastingClient(clientOf: () => RedisClient): () => RedisClient {
  const seen = new WeakSet<object>()
  let last: RedisClient | undefined
  let newInARow = 0
  return () => {
    const client = clientOf()
    if (client === last) {
      newInARow = 0
      return client
    }
    last = client
    if (Object(client) !== client) return client // refused where it is used
    newInARow = seen.has(client) ? 0 : newInARow + 1
    seen.add(client)
    if (newInARow > MOST_NEW_IN_A_ROW) {
      warn(
        'new-clients',
        'client: this function returned a new client at each use, and each opens a connection. Make the client once, and give it: ' +
          '{ client }; or return the same one every time: { client: () => client }.',
      )
    }
    return client
  }
}
