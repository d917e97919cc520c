import { boundText } from './bound.ts'
import { type Comparison, OPTIMUM, type Result } from './compare.ts'

/** Writes results as a table of plain text, the best policy of each bound first. */
export function resultsTable(comparison: Comparison): string {
  const { results, bounds, totalSeconds } = comparison
  const hasBytes = results.some(({ byteHitRatio }) => byteHitRatio !== undefined)
  const hasTime = totalSeconds !== undefined
  // As many digits in all rows, so that they can be compared.
  const secondsOf = secondsWith((totalSeconds ?? 0) < 10 ? 3 : 1)
  const head = ['bound', 'policy', 'hit ratio']
  if (hasBytes) head.push('byte hit ratio')
  if (hasTime) head.push('recomputed', 'spared')
  const rows = bounds.flatMap((bound) => {
    const ofBound = results.filter((result) => result.bound === bound).sort(byWorth(hasTime))
    return ofBound.map((result) => {
      const row = [boundText(bound), result.policy, percent(result.hitRatio)]
      if (hasBytes) row.push(percent(result.byteHitRatio))
      if (hasTime) row.push(secondsOf(result.recomputedSeconds), secondsOf(result.sparedSeconds))
      return row
    })
  })
  return aligned([head, ...rows])
}

/** The optimum first, then what recomputes or misses least. */
const byWorth =
  (hasTime: boolean) =>
  (one: Result, other: Result): number => {
    if (one.policy === OPTIMUM) return -1
    if (other.policy === OPTIMUM) return 1
    return hasTime
      ? (one.recomputedSeconds ?? 0) - (other.recomputedSeconds ?? 0)
      : other.hitRatio - one.hitRatio
  }

const percent = (part: number | undefined): string =>
  part === undefined ? '' : `${(100 * part).toFixed(2)} %`

const secondsWith =
  (digits: number) =>
  (value: number | undefined): string =>
    value === undefined
      ? ''
      : `${value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })} s`

/** Columns of equal width: words to the left, numbers to the right. */
function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 1 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('   ')
        .trimEnd(),
    )
    .join('\n')
}
