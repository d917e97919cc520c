import type { Command, Reply } from './port.ts'

/** The replies to commands that are sent in a while. If they cannot be, each has the error. */
export function later(commands: readonly Command[], sent: Promise<Promise<Reply>[]>): Promise<Reply>[] {
  return commands.map(async (_, i) => (await sent)[i] as Promise<Reply>)
}
