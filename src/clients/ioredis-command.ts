import { Buffer } from 'node:buffer'
import type { Command, IoredisClient, Reply } from './port.ts'

/** What ioredis and iovalkey make of a command, as far as it is used here. */
interface OwnCommand {
  toWritable(stream: unknown): string | Buffer
}

type CommandClass = new (
  name: string,
  args: readonly unknown[],
  options: { readonly replyEncoding: 'utf8' | null },
) => OwnCommand

interface Sender {
  sendCommand(command: OwnCommand): Promise<unknown>
  callBuffer(name: string): unknown
}

/** Gives a client a command of strings alone, with its reply as text or as buffers. */
export type EncodedCall = (command: readonly string[], asText: boolean) => Promise<Reply>

/** From so many words on, a command is encoded here. */
const MANY = 16

/** Whether it is worth being given to an {@link EncodedCall}: of many words, and without buffers. */
export const isForEncodedCall = (command: Command): command is Command & readonly [string, ...string[]] =>
  command.length >= MANY && command.every((word) => typeof word === 'string')

/**
 * A way to send commands of many words that are encoded here. ioredis copies the words three times and looks at each of
 * them four times: two fifths of what a lookup of 64 entries costs it.
 *
 * Only the encoding is replaced. The command is one of the client's own class, so that its queues, its reconnecting and
 * its errors are as ever; it is written again by the same method when it has to be sent again.
 *
 * @returns `undefined` if the class of the commands of this client cannot be found: it is not part of its interface.
 */
export function encodedCaller(client: IoredisClient): EncodedCall | undefined {
  const CommandOf = commandClassOf(client)
  if (CommandOf === undefined) return undefined
  return (words, asText) => {
    // The first argument is for those who look at commands, such as traces.
    const command = new CommandOf(words[0] as string, [words[1]], { replyEncoding: asText ? 'utf8' : null })
    const encoded = encode(words)
    command.toWritable = () => encoded
    return (client as unknown as Sender).sendCommand(command) as Promise<Reply>
  }
}

/** A command in the Redis protocol: an array of bulk strings. */
function encode(words: readonly string[]): string {
  let text = `*${words.length}\r\n`
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string
    text += `$${Buffer.byteLength(word)}\r\n${word}\r\n`
  }
  return text
}

/** The class of the commands of a client: of one that the client makes, and gives to a sender that sends nothing. */
function commandClassOf(client: IoredisClient): CommandClass | undefined {
  let made: OwnCommand | undefined
  const sendCommand = (command: OwnCommand) => {
    made = command
    return Promise.resolve(null)
  }
  const probe = Object.create(client, { sendCommand: { value: sendCommand } }) as Sender
  probe.callBuffer('PING')
  return typeof made?.toWritable === 'function' ? (made.constructor as CommandClass) : undefined
}
