import type { Hash } from '../../keys/call-hash.ts'
import type { ChangeMessage } from '../store.ts'

/**
 * Reads a message of the log of changes, as `lua/parts/changes.lua` describes it.
 *
 * @returns `undefined` for what is no message.
 */
export function readChangeMessage(bytes: Buffer | string): ChangeMessage | undefined {
  const text = typeof bytes === 'string' ? bytes : bytes.toString('latin1')
  const numbers = NUMBERS.exec(text)
  if (numbers === null) return undefined
  const [{ length }, number, previous] = numbers
  const order = { number: Number(number), previous: Number(previous) }
  if (text.endsWith(' *', length + 2) && text.length === length + 2)
    return { ...order, isAll: true, ...NO_NAMES }
  const names = readNames(text, length)
  return names && { ...order, isAll: false, ...names }
}

const NUMBERS = /^(\d{1,16}) (\d{1,16})(?= |$)/
const NO_NAMES = { hashes: [], parts: [] } as const

type Names = Pick<ChangeMessage, 'hashes' | 'parts'>

function readNames(text: string, start: number): Names | undefined {
  const hashes: Hash[] = []
  const parts: Hash[] = []
  for (let at = start; at < text.length; ) {
    const colon = text.indexOf(':', at)
    const end = colon + 1 + Number(text.slice(at + 2, colon))
    const names = text.startsWith(' h', at) ? hashes : text.startsWith(' f', at) ? parts : undefined
    if (names === undefined || colon < at + 3 || !(end <= text.length)) return undefined
    names.push(text.slice(colon + 1, end))
    at = end
  }
  return { hashes, parts }
}
