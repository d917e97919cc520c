import { messageOf } from '../realms/native.ts'

/** How a server replies that knows no `SSUBSCRIBE`, which came with Redis 7, or whose user may not use it. */
const NOT_FOR_US = /^(?:ERR unknown command|NOPERM )/

/**
 * Waits for `SSUBSCRIBE` and `SUNSUBSCRIBE`. A server that has no such commands publishes by `PUBLISH`, and `SUBSCRIBE` hears it.
 * @throws for any other failure.
 */
export async function ifPossible(asked: Promise<unknown>): Promise<void> {
  try {
    await asked
  } catch (error) {
    if (!NOT_FOR_US.test(messageOf(error))) throw error
  }
}
