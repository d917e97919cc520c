/** Work under way that others may join. Who joins pays for it; who flies alone does not. */
export class Flight<Result> {
  #joined: Promise<Result> | undefined
  #land: ((result: Result) => void) | undefined
  #crash: ((error: unknown) => void) | undefined

  /** What the flight brings. */
  join(): Promise<Result> {
    this.#joined ??= new Promise((resolve, reject) => {
      this.#land = resolve
      this.#crash = reject
    })
    return this.#joined
  }

  land(result: Result): void {
    this.#land?.(result)
  }

  crash(error: unknown): void {
    this.#crash?.(error)
  }
}

/** Calls under way in this process, so that an equal one joins instead of repeating them. */
export class SingleFlight<F> {
  readonly #flights = new Map<string, F>()

  /** How many are under way. */
  get size(): number {
    return this.#flights.size
  }

  /** The flight of that name, if one is under way. */
  get(name: string): F | undefined {
    return this.#flights.get(name)
  }

  start(name: string, flight: F): void {
    this.#flights.set(name, flight)
  }

  end(name: string, flight: F): void {
    // A flight that was dropped meanwhile must not take its successor along.
    if (this.#flights.get(name) === flight) this.#flights.delete(name)
  }

  /** Nobody joins that flight any more; those who did still get its result. */
  drop(name: string): void {
    this.#flights.delete(name)
  }

  /** Nobody joins any flight that is under way now. */
  clear(): void {
    this.#flights.clear()
  }
}
