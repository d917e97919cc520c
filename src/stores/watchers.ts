import { messageOf } from '../realms/native.ts'
import { warn } from '../warnings/process-warning.ts'

/** Calls all watchers. If one throws, a process warning reports it, and the others are called. */
export function notifyEach<W>(watchers: readonly W[], tell: (watcher: W) => void): void {
  for (const watcher of watchers) {
    try {
      tell(watcher)
    } catch (error) {
      warn('watcher', `A watcher of the store failed: ${messageOf(error)}`)
    }
  }
}
