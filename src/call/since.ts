import type { HeardPartition, Since } from '../context/context.ts'
import { monotonicMs } from '../flow/timers.ts'
import { markOf, readStamp, type Stamp } from '../partitions/stamp.ts'

/**
 * What near hits have to have heard of, so that they are not older than a stamp.
 * Promise: since-sees.
 *
 * @param outer What already has to be met around it.
 * @throws {OptionError} for what is no stamp.
 */
export function sinceStamp(text: string, outer: Since | undefined): Since {
  const stamp = readStamp(text)
  const beganMs = monotonicMs()
  const numbers = new Map<string, number | 'all' | 'none'>()
  const neededOf = (index: string): number | 'all' | 'none' => {
    const needed = numbers.get(index) ?? neededBy(stamp, index)
    numbers.set(index, needed)
    return needed
  }
  return {
    isMetBy: (partition, provenMs) => {
      if (outer?.isMetBy(partition, provenMs) === false) return false
      // What is proven as of now is newer than whatever came before.
      return provenMs >= beganMs || hasHeard(partition, neededOf(partition.index))
    },
  }
}

/** The number of the change that has to be heard; `'all'` if it is not known which. */
function neededBy({ numbers, isPartial }: Stamp, index: string): number | 'all' | 'none' {
  const mark = markOf(index)
  if (!numbers.has(mark)) return isPartial ? 'all' : 'none'
  return numbers.get(mark) ?? 'all'
}

const hasHeard = ({ hearing }: HeardPartition, needed: number | 'all' | 'none'): boolean =>
  needed === 'none' || (needed !== 'all' && hearing.isHeard(needed))
