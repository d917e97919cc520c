import { TraceError } from './trace-error.ts'

/** Splits a line of CSV into its fields. A field in double quotes may hold commas, and two quotes for one. (RFC 4180.) */
export function fieldsOf(line: string, number: number): string[] {
  if (!line.includes('"')) return line.split(',')
  const fields: string[] = []
  let rest = line
  for (;;) {
    const match = /^(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/.exec(rest)
    if (match === null) {
      throw new TraceError(
        `line ${number}: expected fields with commas between them, each of them whole in double quotes or without any.`,
      )
    }
    const [whole, quoted, bare = '', separator] = match
    fields.push(quoted === undefined ? bare : quoted.replaceAll('""', '"'))
    if (separator === '') return fields
    rest = rest.slice(whole.length)
  }
}

/** Writes a field of CSV, in double quotes where it needs them. */
export const fieldText = (text: string): string =>
  /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""').replaceAll(/[\r\n]+/g, ' ')}"` : text

/** Reads a number of 0 or more; `undefined` if the field is empty. */
export function numberOf(text: string | undefined, column: string, number: number): number | undefined {
  if (text === undefined || text.trim() === '') return undefined
  const value = Number(text)
  if (Number.isFinite(value) && value >= 0) return value
  throw new TraceError(
    `line ${number}, column ${column}: expected a number of 0 or more, and found '${text}'.`,
  )
}

const YES = ['1', 'true', 'hit', 'yes']
const NO = ['0', 'false', 'miss', 'no']

/** Reads whether a request hit; `undefined` if the field is empty. */
export function flagOf(text: string | undefined, column: string, number: number): boolean | undefined {
  const said = text?.trim().toLowerCase() ?? ''
  if (said === '') return undefined
  if (YES.includes(said)) return true
  if (NO.includes(said)) return false
  throw new TraceError(
    `line ${number}, column ${column}: expected 1 or 0, true or false, hit or miss, and found '${text}'.`,
  )
}
