import { TimeoutError } from '../errors.ts'
import { within } from '../flow/timeout.ts'
import { spelled } from '../validation/duration.ts'
import { warn } from '../warnings/process-warning.ts'
import type { Store } from './store.ts'

/** The longest wait for the end of connections. */
const CLOSE_MS = 1_000

/** Closes a store, and waits for that no longer than {@link CLOSE_MS}: its server may be frozen. */
export async function closeStore(store: Store, cache: string): Promise<void> {
  const closing = store.close()
  try {
    await within(
      closing,
      CLOSE_MS,
      () => new TimeoutError(`The store did not close within ${spelled(CLOSE_MS)}.`),
    )
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error
    warn(`close-store:${cache}`, `Cache '${cache}': ${error.message} Its connections are left as they are.`)
  }
}
