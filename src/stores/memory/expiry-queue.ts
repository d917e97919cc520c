/** The entries in the order in which they end: a binary heap. Items whose entry was changed since are skipped. */
export class ExpiryQueue {
  readonly #expiresAtMs = new Map<string, number>()
  #heap: { readonly hash: string; readonly atMs: number }[] = []

  get(hash: string): number | undefined {
    return this.#expiresAtMs.get(hash)
  }

  set(hash: string, atMs: number): void {
    this.#expiresAtMs.set(hash, atMs)
    // Items of entries that were prolonged or removed stay in the heap until their turn. It is rebuilt before they outnumber the
    // others.
    if (this.#heap.length > 2 * this.#expiresAtMs.size + 64) this.#rebuild()
    else this.#push({ hash, atMs })
  }

  delete(hash: string): void {
    this.#expiresAtMs.delete(hash)
  }

  /** Removes up to `count` entries that have ended, and returns them. */
  takeExpired(nowMs: number, count: number): string[] {
    const expired: string[] = []
    while (expired.length < count) {
      const first = this.#heap[0]
      if (first === undefined || first.atMs > nowMs) break
      this.#shift()
      if (this.#expiresAtMs.get(first.hash) !== first.atMs) continue
      this.#expiresAtMs.delete(first.hash)
      expired.push(first.hash)
    }
    return expired
  }

  countExpired(nowMs: number): number {
    let count = 0
    for (const atMs of this.#expiresAtMs.values()) if (atMs <= nowMs) count++
    return count
  }

  entries(): MapIterator<[string, number]> {
    return this.#expiresAtMs.entries()
  }

  #rebuild(): void {
    // A sorted array is a heap.
    this.#heap = Array.from(this.#expiresAtMs, ([hash, atMs]) => ({ hash, atMs })).sort(
      (a, b) => a.atMs - b.atMs,
    )
  }

  #at(position: number): number {
    return this.#heap[position]?.atMs ?? Number.POSITIVE_INFINITY
  }

  #swap(a: number, b: number): void {
    const heap = this.#heap
    const held = heap[a] as (typeof heap)[number]
    heap[a] = heap[b] as (typeof heap)[number]
    heap[b] = held
  }

  #push(item: { readonly hash: string; readonly atMs: number }): void {
    let position = this.#heap.push(item) - 1
    while (position > 0) {
      const parent = (position - 1) >> 1
      if (this.#at(parent) <= item.atMs) return
      this.#swap(position, parent)
      position = parent
    }
  }

  #shift(): void {
    this.#swap(0, this.#heap.length - 1)
    this.#heap.pop()
    let position = 0
    for (;;) {
      const left = 2 * position + 1
      const child = this.#at(left) <= this.#at(left + 1) ? left : left + 1
      if (this.#at(child) >= this.#at(position)) return
      this.#swap(position, child)
      position = child
    }
  }
}
