/**
 * Does something for each item, for so many at a time: 100,000 commands at once would block the process, and fill its memory.
 *
 * A failure does not keep the others from being done, unless all of a piece have failed.
 *
 * @returns The results, in order.
 * @throws the first failure, after the last piece that was tried.
 */
export async function inPieces<Item, Result>(
  items: readonly Item[],
  size: number,
  act: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  const failures: unknown[] = []
  for (let i = 0; i < items.length; i += size) {
    const outcomes = await Promise.allSettled(items.slice(i, i + size).map(act))
    let failed = 0
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') {
        results.push(outcome.value)
      } else {
        failures.push(outcome.reason)
        failed++
      }
    }
    if (failed === outcomes.length) break
  }
  if (failures.length > 0) throw failures[0]
  return results
}
