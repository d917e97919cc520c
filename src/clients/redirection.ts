import { monotonicMs, setTimeout } from '../flow/timers.ts'
import { messageOf } from '../realms/native.ts'
import { oneByOne } from './one-by-one.ts'
import type { Command, Reply } from './port.ts'

/**
 * What a node says of a slot that is being moved: some of the keys of a command are there, others are not, or are not known
 * to be. Nothing was executed, and it passes when the slot has arrived. valkey-glide words it in its own way.
 */
const BEING_MOVED = /^(?:TRYAGAIN|ASK) |- TryAgain: /

/** Whether an error says that the slot of a command is being moved. */
export const isBeingMoved = (error: unknown): boolean => BEING_MOVED.test(messageOf(error))

/** For how long a command is given to the cluster again and again while its slot is being moved. */
const RETRY_FOR_MS = 3_000
const FIRST_PAUSE_MS = 20
const LONGEST_PAUSE_MS = 200

/**
 * Sends commands to the node believed to own their slot; and if it refuses some of them, all of them once more by way of the
 * cluster, one after the other.
 *
 * All of them, since what a command replies may only be older than what the next ones reply. While a slot is being moved, a node
 * refuses those commands alone whose key it has handed over; the replies to the others would be older than theirs.
 */
export function sendFollowing(
  commands: readonly Command[],
  toNode: (command: Command) => Promise<Reply>,
  isRefused: (message: string) => boolean,
  byCluster: (command: Command) => Promise<Reply>,
): Promise<Reply>[] {
  const isToBeFollowed = (error: unknown) => isRefused(messageOf(error)) || isBeingMoved(error)
  const follow = (command: Command) => untilMoved(() => byCluster(command))
  const sent = commands.map(toNode)
  if (sent.length === 1) {
    return sent.map((reply) =>
      reply.catch((error: unknown) => {
        if (!isToBeFollowed(error)) throw error
        return follow(commands[0] as Command)
      }),
    )
  }
  const again = Promise.allSettled(sent).then((replies) =>
    replies.some((reply) => reply.status === 'rejected' && isToBeFollowed(reply.reason))
      ? oneByOne(commands, follow)
      : undefined,
  )
  return sent.map(async (reply, i) => (await again)?.[i] ?? reply)
}

/** Sends a command, and again and again while its slot is being moved, for three seconds. */
export async function untilMoved(send: () => Promise<Reply>): Promise<Reply> {
  const untilMs = monotonicMs() + RETRY_FOR_MS
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    try {
      return await send()
    } catch (error) {
      if (!isBeingMoved(error) || monotonicMs() + pauseMs > untilMs) throw error
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
}
