import type { SoakReport } from './soak.ts'

/** What may grow by chance: calls that are under way, code that is compiled. */
const MAX_GROWTH_BYTES = 8_000_000

/** What is wrong with a run, in words; nothing if all is well. */
export function findings({ processes, strangeKeys }: SoakReport): string[] {
  return [
    ...strangeKeys.map((key) => `in the server: ${key}`),
    ...processes.flatMap(({ client, closed, isEnded }, index) => {
      const about = (what: string) => `process ${index} (${client}): ${what}`
      if (closed === undefined) return [about('died')]
      const { seen } = closed
      const saw: string[] = []
      if (seen.errors > 0) saw.push(`${seen.errors} calls failed`)
      if (seen.wrong > 0) saw.push(`${seen.wrong} wrong values`)
      if (seen.unhandled > 0) saw.push(`${seen.unhandled} unhandled rejections`)
      if (!isEnded) saw.push('did not end')
      if (growthOf(seen.heapBytes) > MAX_GROWTH_BYTES) saw.push(`grew by ${growthOf(seen.heapBytes)} bytes`)
      for (const { calls, hit, miss, stale, joined } of seen.stats) {
        const sum = hit + miss + stale + joined
        if (sum !== calls)
          saw.push(`${hit} hits + ${miss} misses + ${stale} stale + ${joined} joined = ${sum}, not ${calls}`)
      }
      return saw.length === 0 ? [] : [about(`${saw.join(', ')}; ${JSON.stringify(seen.said)}`)]
    }),
  ]
}

/** From the second quarter to the last: in the first, code is compiled and connections are made. */
export function growthOf(bytes: readonly number[]): number {
  const quarter = Math.floor(bytes.length / 4)
  if (quarter === 0) return 0
  const mean = (part: readonly number[]) => part.reduce((sum, each) => sum + each, 0) / part.length
  return mean(bytes.slice(-quarter)) - mean(bytes.slice(quarter, 2 * quarter))
}
