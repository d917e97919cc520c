import { Buffer } from 'node:buffer'
import type { Command, IoredisClient, Reply } from './port.ts'

/** A command object of ioredis or iovalkey, with the one method that is used here. */
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

/** Sends a command that consists of strings only. Its reply arrives as text or as buffers. */
export type EncodedCall = (command: readonly string[], asText: boolean) => Promise<Reply>

/** Commands of at least this many words are encoded here. */
const MANY = 16

/** Whether an {@link EncodedCall} is faster for a command: it has many words, and none of them is a buffer. */
export const isForEncodedCall = (command: Command): command is Command & readonly [string, ...string[]] =>
  command.length >= MANY && command.every((word) => typeof word === 'string')

/**
 * Makes a function that encodes commands of many words itself and sends them. ioredis copies the words three times and reads
 * each of them four times, which takes two fifths of its time for a lookup of 64 entries.
 *
 * Only the encoding is replaced. The command is an instance of the client's own class, so its queues, reconnecting and errors
 * work as usual. A command that has to be sent again is written by the same method.
 *
 * @returns `undefined` if the class of the commands of this client cannot be found, since it is not part of its public API.
 */
export function encodedCaller(client: IoredisClient): EncodedCall | undefined {
  const CommandOf = commandClassOf(client)
  if (CommandOf === undefined) return undefined
  return (words, asText) => {
    // Tracing tools read the name and the first argument of a command, so both are passed.
    const command = new CommandOf(words[0] as string, [words[1]], { replyEncoding: asText ? 'utf8' : null })
    const encoded = encode(words)
    command.toWritable = () => encoded
    return (client as unknown as Sender).sendCommand(command) as Promise<Reply>
  }
}

/** Writes a command in the Redis protocol: an array of bulk strings. */
function encode(words: readonly string[]): string {
  let text = `*${words.length}\r\n`
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string
    text += `$${Buffer.byteLength(word)}\r\n${word}\r\n`
  }
  return text
}

/** Finds the class of the commands of a client: it lets the client make one, with a `sendCommand` that sends nothing. */
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
