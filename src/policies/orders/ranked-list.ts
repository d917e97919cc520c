/** The largest number of items in a piece of a {@link RankedList}. */
const PIECE = 512

/** An item of a {@link RankedList}. */
export interface Ranked {
  /** Rises from item to item. */
  readonly birth: number
}

/** A list in the order in which items were added, of which any item can be read by its position and removed. */
export class RankedList<Item extends Ranked> {
  /** None is empty. */
  readonly #pieces: Item[][] = []
  length = 0

  push(item: Item): void {
    const last = this.#pieces.at(-1)
    if (last === undefined || last.length === PIECE) this.#pieces.push([item])
    else last.push(item)
    this.length++
  }

  at(position: number): Item | undefined {
    let left = position
    for (const piece of this.#pieces) {
      if (left < piece.length) return piece[left]
      left -= piece.length
    }
    return undefined
  }

  /** @param item One that is in the list. */
  remove(item: Item): void {
    const at = lastAtMost(this.#pieces, item.birth, ([first]) => (first as Item).birth)
    const piece = this.#pieces[at] as Item[]
    piece.splice(
      lastAtMost(piece, item.birth, ({ birth }) => birth),
      1,
    )
    this.length--
    if (piece.length === 0) this.#pieces.splice(at, 1)
    else if (piece.length < PIECE / 4) this.#join(at)
  }

  /** Joins a piece that has become small with the one before it, if both fit into one. */
  #join(at: number): void {
    const [before, piece] = [this.#pieces[at - 1], this.#pieces[at] as Item[]]
    if (before === undefined || before.length + piece.length > PIECE) return
    before.push(...piece)
    this.#pieces.splice(at, 1)
  }
}

/** The position of the last one whose birth is not above that given. */
function lastAtMost<T>(list: readonly T[], birth: number, birthOf: (item: T) => number): number {
  let [low, high] = [0, list.length - 1]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (birthOf(list[middle] as T) <= birth) low = middle
    else high = middle - 1
  }
  return low
}
