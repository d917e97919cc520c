/** The bound of a simulated cache: so many entries, or so many bytes of stored results. */
export interface Bound {
  readonly kind: 'entries' | 'bytes'
  readonly limit: number
}

/** The bound of a cache that gets a sample of the keys: as many times smaller as the sample is. */
export const scaled = ({ kind, limit }: Bound, rate: number): Bound => ({
  kind,
  limit: Math.max(1, kind === 'entries' ? Math.round(limit * rate) : limit * rate),
})

const UNITS = ['b', 'kb', 'mb', 'gb', 'tb'] as const

/** Reads `1000` as entries, and `64mb` as bytes; 1 kb is 1,024 bytes. `undefined` for anything else. */
export function parseBound(text: string): Bound | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?b)?$/i.exec(text.trim())
  if (match === null) return undefined
  const [, number = '', unit] = match
  if (unit === undefined) {
    const limit = Number(number)
    return Number.isSafeInteger(limit) && limit > 0 ? { kind: 'entries', limit } : undefined
  }
  const power = UNITS.indexOf(unit.toLowerCase() as (typeof UNITS)[number])
  const limit = Math.floor(Number(number) * 1_024 ** power)
  return limit > 0 ? { kind: 'bytes', limit } : undefined
}

/** Writes a bound as a person would: `1,000 entries`, `64 MB`. */
export function boundText({ kind, limit }: Bound): string {
  return kind === 'bytes' ? bytesText(limit) : `${entriesText(limit)} ${limit === 1 ? 'entry' : 'entries'}`
}

const entriesText = (limit: number): string => limit.toLocaleString('en')

/** Writes a number of bytes with the largest unit that leaves at least 1. */
export function bytesText(bytes: number): string {
  let power = 0
  let value = bytes
  while (value >= 1_024 && power < UNITS.length - 1) {
    value /= 1_024
    power++
  }
  const digits = Number.isInteger(value) ? 0 : value < 10 ? 2 : value < 100 ? 1 : 0
  return `${value.toFixed(digits)} ${power === 0 ? 'bytes' : UNITS[power]?.toUpperCase()}`
}
