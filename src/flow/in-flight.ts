import { ShortLivedMap } from './short-lived-map.ts'

/** Who waits for what a flight brings. */
export interface Passenger<Outcome> {
  land(outcome: Outcome): void
  crash(error: unknown): void
  /** Whether he has to know what became of the outcome in the store. */
  readonly needsProof: boolean
}

/** Work under way that others may join. */
export class Flight<Outcome> {
  /** Most fly alone: a list made for one has no room set aside for sixteen more. */
  #passengers: Passenger<Outcome>[] | undefined
  #landed: { readonly outcome: Outcome } | undefined
  #crashed: { readonly error: unknown } | undefined

  board(passenger: Passenger<Outcome>): void {
    if (this.#landed !== undefined) passenger.land(this.#landed.outcome)
    else if (this.#crashed !== undefined) passenger.crash(this.#crashed.error)
    else if (this.#passengers === undefined) this.#passengers = [passenger]
    else this.#passengers.push(passenger)
  }

  /** Whether nobody is left. */
  leave(passenger: Passenger<Outcome>): boolean {
    this.#passengers = this.#passengers?.filter((other) => other !== passenger)
    return (this.#passengers ?? []).length === 0
  }

  /** Serves those who need no proof; whether there were any. The others, and who boards later, wait for the landing. */
  landEarly(outcome: Outcome): boolean {
    const served = this.#passengers?.filter(({ needsProof }) => !needsProof) ?? []
    if (served.length > 0) this.#passengers = this.#passengers?.filter(({ needsProof }) => needsProof)
    for (const passenger of served) passenger.land(outcome)
    return served.length > 0
  }

  /** Who boards later has the same outcome. What comes after the first landing or crash is nobody's. */
  land(outcome: Outcome): void {
    if (this.#landed !== undefined || this.#crashed !== undefined) return
    this.#landed = { outcome }
    for (const passenger of this.#disembark()) passenger.land(outcome)
  }

  crash(error: unknown): void {
    if (this.#landed !== undefined || this.#crashed !== undefined) return
    this.#crashed = { error }
    for (const passenger of this.#disembark()) passenger.crash(error)
  }

  #disembark(): readonly Passenger<Outcome>[] {
    const passengers = this.#passengers ?? []
    this.#passengers = undefined
    return passengers
  }
}

/** Calls under way in this process, so that an equal one joins instead of repeating them. */
export class SingleFlight<F> {
  readonly #flights = new ShortLivedMap<F>()

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
