/** An entry in an {@link EntryHeap}. */
export interface HeapEntry {
  readonly hash: string
  /** The lowest is the first, and among equals the one whose priority was set first. */
  priority: number
  setAt: number
  /** Where the heap has it. */
  place: number
}

/** Entries by their priority: a binary heap, of which each entry knows its place. */
export class EntryHeap<E extends HeapEntry> {
  readonly #entries: E[] = []

  get first(): E | undefined {
    return this.#entries[0]
  }

  add(entry: E): void {
    this.#entries.push(entry)
    this.#rise(entry, this.#entries.length - 1)
  }

  /** Puts an entry in its place again after its priority has changed. */
  moved(entry: E): void {
    this.#sink(entry, this.#rise(entry, entry.place))
  }

  delete(entry: E): void {
    const last = this.#entries.pop() as E
    if (last === entry) return
    this.#entries[entry.place] = last
    last.place = entry.place
    this.moved(last)
  }

  /** Moves an entry towards the first one, as far as it belongs. Returns its place. */
  #rise(entry: E, from: number): number {
    const entries = this.#entries
    let place = from
    while (place > 0) {
      const above = (place - 1) >> 1
      const other = entries[above] as E
      if (!precedes(entry, other)) break
      entries[place] = other
      other.place = place
      place = above
    }
    entries[place] = entry
    entry.place = place
    return place
  }

  #sink(entry: E, from: number): void {
    const entries = this.#entries
    let place = from
    for (;;) {
      let below = 2 * place + 1
      if (below >= entries.length) break
      if (below + 1 < entries.length && precedes(entries[below + 1] as E, entries[below] as E)) below++
      const other = entries[below] as E
      if (!precedes(other, entry)) break
      entries[place] = other
      other.place = place
      place = below
    }
    entries[place] = entry
    entry.place = place
  }
}

const precedes = (a: HeapEntry, b: HeapEntry): boolean =>
  a.priority < b.priority || (a.priority === b.priority && a.setAt < b.setAt)
