import { toNumber } from '../../clients/detect.ts'
import type { Command, Reply } from '../../clients/port.ts'
import { composesChanges } from '../../lua/compose.ts'
import type { AbstractPolicy } from '../../policies/policy.ts'
import type { ChangeMessage, ChangesAt, ChangesSince, ChangeWatcher, KeySpace, Watch } from '../store.ts'
import { readChangeMessage } from './change-message.ts'
import type { Commands } from './commands.ts'
import { newNonce, unwrapped } from './in-step.ts'
import type { PartitionKeys } from './keys.ts'
import type { Watches } from './notifications.ts'
import { outOfStep, toNumbers } from './replies.ts'

/**
 * The commands whose replies {@link toChangesAt} reads. Whether there are values is asked first: values that were lost and stored
 * again between the two commands are known by the number.
 */
export const askChanges = ({ values, changes }: PartitionKeys): Command[] => [
  ['EXISTS', values],
  ['ZSCORE', changes, ''],
]

/** The second of these commands fails on a key of another type. Then there is no log. */
export const CHANGES_OPTIONAL = 1

/** How far the log of changes is, from the replies to {@link askChanges}. */
export function toChangesAt([exists, score]: readonly Reply[]): ChangesAt {
  const number = toNumber(score as Reply) ?? undefined
  if (typeof exists !== 'number' || exists > 1) throw outOfStep('EXISTS')
  if (number !== undefined && !Number.isSafeInteger(number)) throw outOfStep('ZSCORE')
  return { number, hasEntries: exists === 1 }
}

/** The number of the last change, as scripts reply it. */
export const toChangeNumber = (reply: number): number | undefined => (reply === 0 ? undefined : reply)

/** The log of changes that scripts write. */
export class RedisChangeLog {
  readonly #commands: Commands
  readonly #watches: Watches

  constructor(commands: Commands, watches: Watches) {
    this.#commands = commands
    this.#watches = watches
  }

  /** Whether all scripts of a policy write the log. Those of other programs, which store values bare, do not. */
  records({ storesBareValues, luaScripts }: AbstractPolicy): boolean {
    return !storesBareValues && composesChanges(luaScripts)
  }

  async read(keys: PartitionKeys): Promise<ChangesAt> {
    const nonce = newNonce()
    const commands: Command[] = [...askChanges(keys), ['ECHO', nonce]]
    const replies = await this.#commands.send('changes', keys.values, commands, false, CHANGES_OPTIONAL)
    return this.#commands.checked(keys.values, 'ZSCORE', () => {
      unwrapped([replies[2] as Reply, 0], nonce, 'ZSCORE')
      return toChangesAt(replies)
    })
  }

  async listen(
    space: KeySpace,
    keys: PartitionKeys,
    heard: number | undefined,
    ttlMs: number,
  ): Promise<ChangesSince> {
    const reply = await this.#commands.run(space, keys, 'listen', [String(ttlMs), String(heard ?? '')])
    return toChangesSince(reply, heard)
  }

  watch(keys: PartitionKeys, watcher: ChangeWatcher): Promise<Watch | undefined> {
    const { client, port } = this.#commands
    return this.#watches.watch(client, port, keys.changes, {
      message: (bytes) => {
        const message = readChangeMessage(bytes)
        // Whoever may publish could send anything. What is missing then is found by its number.
        if (message !== undefined) watcher.changed(message)
      },
      lost: () => watcher.lost(),
      restored: () => watcher.restored(),
    })
  }
}

function toChangesSince(reply: Reply, heard: number | undefined): ChangesSince {
  if (!Array.isArray(reply) || !Array.isArray(reply[3])) throw outOfStep('listen')
  const [number, hasEntries, isWhole] = toNumbers(reply.slice(0, 3), 3, 'listen') as [number, number, number]
  const texts = (reply[3] as readonly (Buffer | string)[]).filter(({ length }) => length > 0)
  const messages = texts.map(readChangeMessage)
  const since = { number, hasEntries: hasEntries === 1 }
  if (isWhole === 1 && heard !== undefined && areInOrder(messages, heard, number)) {
    return { ...since, isWhole: true, messages }
  }
  return { ...since, isWhole: false, messages: [] }
}

/** Whether each message follows on the one before it: somebody may have removed one by hand. */
function areInOrder(
  messages: readonly (ChangeMessage | undefined)[],
  heard: number,
  last: number,
): messages is readonly ChangeMessage[] {
  let number = heard
  for (const message of messages) {
    if (message?.previous !== number) return false
    number = message.number
  }
  return number === last
}
