import { hash } from 'node:crypto'
import { OptionError } from '../errors.ts'
import { shown } from '../validation/checks.ts'

/** The version of the form of stamps. */
const FORM = '1'

const SEPARATOR = '.'
/** Stands for a number that is not known. */
const UNKNOWN = '-'
/** The last field where partitions are left out. */
const AND_OTHERS = '~'

/** What a stamp tells of the changes of a process. */
export interface Stamp {
  /** The number of the last change by the mark of its partition; `undefined` if it is not known. */
  readonly numbers: ReadonlyMap<string, number | undefined>
  /** Whether the process may have changed other partitions, too. */
  readonly isPartial: boolean
}

/** Characters that stand for a partition in stamps. @param index The name of its index. */
export const markOf = (index: string): string => hash('sha256', index, 'base64url').slice(0, 6)

/** The text of a stamp: some 20 characters for each partition, none of which has to be escaped in a header or an address. */
export function writeStamp({ numbers, isPartial }: Stamp): string {
  const fields = [FORM]
  for (const [mark, number] of numbers)
    fields.push(mark, number === undefined ? UNKNOWN : number.toString(36))
  if (isPartial) fields.push(AND_OTHERS)
  return fields.join(SEPARATOR)
}

/** @throws {OptionError} for what is no stamp. */
export function readStamp(text: string): Stamp {
  const [form, ...fields] = typeof text === 'string' ? text.split(SEPARATOR) : []
  const isPartial = fields.at(-1) === AND_OTHERS
  if (isPartial) fields.pop()
  if (form !== FORM || fields.length % 2 > 0) throw noStamp(text)
  const numbers = new Map<string, number | undefined>()
  for (let i = 0; i < fields.length; i += 2) {
    const [mark, number] = [fields[i] as string, fields[i + 1] as string]
    const isKnown = number !== UNKNOWN
    if (isKnown && !/^[\da-z]{1,11}$/.test(number)) throw noStamp(text)
    numbers.set(mark, isKnown ? Number.parseInt(number, 36) : undefined)
  }
  return { numbers, isPartial }
}

const noStamp = (text: string): OptionError =>
  new OptionError(`since: ${shown(text)} is no stamp. Give what cache.stamp() has returned.`)
