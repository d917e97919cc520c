import { StoreError } from '../../errors.ts'
import type { Reply } from '../../clients/port.ts'
import type { KeyPair } from '../../keys/key-names.ts'

/*
 * What a client hands over may be the reply to another command: a connection gets out of step by a bug, or by a proxy. Such a
 * reply must become neither a value nor a time, and it is a failure of the store, as any other.
 */

export const outOfStep = (command: string): StoreError =>
  new StoreError(
    `The server failed at ${command}: the reply is none to that command. Are the replies of the client out of step?`,
    { reason: 'out-of-step' },
  )

/** Whether an error is that of a reply to another command. */
export const isOutOfStep = (error: unknown): boolean =>
  error instanceof StoreError && error.reason === 'out-of-step'

const SECONDS = /^\d{10}$/
const MICROSECONDS = /^\d{1,6}$/

/** The time of the server, from its reply to `TIME`. */
export function toMicroseconds(time: Reply): number {
  const [seconds, microseconds] = listOf(time, 2, 'TIME')
  // Values of entries may be numbers, too, but hardly ones of just this form.
  if (!SECONDS.test(String(seconds)) || !MICROSECONDS.test(String(microseconds))) throw outOfStep('TIME')
  return Number(seconds) * 1e6 + Number(microseconds)
}

/** The generation of the index of tags, from what was found of its name; `undefined` if there is none. */
export function toGeneration(members: Reply): number | undefined {
  if (!Array.isArray(members)) throw outOfStep('ZRANGEBYLEX')
  const [member] = members as readonly (Buffer | string)[]
  return member === undefined ? undefined : Number(String(member).slice(1))
}

/** What is stored under so many hashes, from the reply to `HMGET`. */
export function toStored(reply: Reply, count: number): readonly (Buffer | string | null)[] {
  const stored = listOf(reply, count, 'HMGET')
  if (stored.some((each) => typeof each === 'number')) throw outOfStep('HMGET')
  return stored as readonly (Buffer | string | null)[]
}

/** The key pairs that a registry lists. What else was put there by others is left out. */
export function toKeyPairs(members: Reply): readonly KeyPair[] {
  if (!Array.isArray(members)) throw outOfStep('SMEMBERS')
  return members.map((member) => parsed(String(member))).filter(isKeyPair)
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

const isKeyPair = (value: unknown): value is KeyPair =>
  Array.isArray(value) && value.length === 2 && value.every((name) => typeof name === 'string')

/** The number that a script returned. */
export function toCount(reply: Reply, verb: string): number {
  if (typeof reply !== 'number') throw outOfStep(verb)
  return reply
}

/** The numbers that a script returned; at least one. */
export function toNumbers(reply: Reply, count: number, verb: string): readonly [number, ...number[]] {
  const list = listOf(reply, count, verb)
  if (!list.every((each) => typeof each === 'number')) throw outOfStep(verb)
  return list as readonly number[] as readonly [number, ...number[]]
}

/** A count, and where to go on, that a script returned of its portion. */
export function toPortion(reply: Reply, count: number, verb: string): readonly Reply[] {
  const portion = listOf(reply, count, verb)
  toCount(portion[0] as Reply, verb)
  return portion
}

/** A sum, and where to go on. */
export function toSum(reply: Reply): { readonly sum: number; readonly cursor: string } {
  const [sum, cursor] = listOf(reply, 2, 'EVAL').map(String)
  if (!/^-?\d+$/.test(sum as string) || !/^\d+$/.test(cursor as string)) throw outOfStep('EVAL')
  return { sum: Number(sum), cursor: cursor as string }
}

function listOf(reply: Reply, count: number, command: string): readonly Reply[] {
  if (!Array.isArray(reply) || reply.length !== count) throw outOfStep(command)
  return reply as readonly Reply[]
}
