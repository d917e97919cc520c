/** Which entries have which tags, in both directions. */
export class TagIndex {
  readonly #tagsOf = new Map<string, readonly string[]>()
  readonly #entriesOf = new Map<string, Set<string>>()

  /** The tags of an entry, which may be none; `undefined` if they are not known. */
  of(name: string): readonly string[] | undefined {
    return this.#tagsOf.get(name)
  }

  set(name: string, tags: readonly string[]): void {
    this.delete(name)
    this.#tagsOf.set(name, tags)
    for (const tag of tags) {
      const entries = this.#entriesOf.get(tag) ?? new Set()
      this.#entriesOf.set(tag, entries.add(name))
    }
  }

  delete(name: string): void {
    for (const tag of this.#tagsOf.get(name) ?? []) {
      const entries = this.#entriesOf.get(tag)
      entries?.delete(name)
      if (entries?.size === 0) this.#entriesOf.delete(tag)
    }
    this.#tagsOf.delete(name)
  }

  having(tag: string): string[] {
    return [...(this.#entriesOf.get(tag) ?? [])]
  }
}
