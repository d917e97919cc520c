import type { Command, Reply } from './port.ts'

/** Returns the replies to commands that will be sent later. If sending fails, each reply rejects with the error. */
export function later(commands: readonly Command[], sent: Promise<Promise<Reply>[]>): Promise<Reply>[] {
  return commands.map(async (_, i) => (await sent)[i] as Promise<Reply>)
}
