import { messageOf } from '../realms/native.ts'
import type { Command, Reply } from './port.ts'

/**
 * Sends commands to the node believed to own their slot, and those it refuses again, by way of the cluster.
 *
 * The cluster follows redirections one command at a time and in no order; so it gets one after the other.
 */
export function sendFollowing(
  commands: readonly Command[],
  toNode: (command: Command) => Promise<Reply>,
  isRefused: (message: string) => boolean,
  byCluster: (command: Command) => Promise<Reply>,
): Promise<Reply>[] {
  let before: Promise<unknown> = Promise.resolve()
  return commands.map(async (command) => {
    try {
      return await toNode(command)
    } catch (error) {
      if (!isRefused(messageOf(error))) throw error
      const reply = before.then(() => byCluster(command))
      before = reply.catch(() => {})
      return reply
    }
  })
}
