import type { Command, Reply } from './port.ts'

/**
 * Sends each command when the reply to the one before it has arrived. This is for clients that may reorder commands of one
 * turn. It takes one round trip for each command.
 */
export function oneByOne(
  commands: readonly Command[],
  call: (command: Command) => Promise<unknown>,
): Promise<Reply>[] {
  const all = (async () => {
    const replies: PromiseSettledResult<unknown>[] = []
    for (const command of commands) replies.push(...(await Promise.allSettled([call(command)])))
    return replies
  })()
  return commands.map(async (_, i) => {
    const reply = (await all)[i] as PromiseSettledResult<Reply>
    if (reply.status === 'rejected') throw reply.reason
    return reply.value
  })
}
