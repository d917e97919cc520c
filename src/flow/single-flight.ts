/** Calls under way in this process, so that an equal one joins instead of repeating them. */
export class SingleFlight<T> {
  readonly #flights = new Map<string, Promise<T>>()

  /** How many are under way. */
  get size(): number {
    return this.#flights.size
  }

  /** The flight of that name, if one is under way. */
  get(name: string): Promise<T> | undefined {
    return this.#flights.get(name)
  }

  /** Starts a flight; it ends when its promise settles. */
  start(name: string, run: () => Promise<T>): Promise<T> {
    const flight = run()
    this.#flights.set(name, flight)
    const land = (): void => {
      // A flight that was dropped meanwhile must not take its successor along.
      if (this.#flights.get(name) === flight) this.#flights.delete(name)
    }
    flight.then(land, land)
    return flight
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
