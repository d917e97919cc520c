import { ShortLivedMap } from './short-lived-map.ts'

/** A caller that waits for a call in flight. */
export interface SettlementWaiter<Settlement> {
  settle(settlement: Settlement): void
  /** Whether this waiter needs the outcome of the put, as proof that the result is valid. */
  readonly needsProof: boolean
  /** The call that waits, as far as it may stop waiting by {@link InFlight.leaveOf}. */
  readonly caller?: object | undefined
  /** Called when the waiter was removed before it was served. */
  left?(): void
}

/** Work in flight that others may join. */
export class InFlight<Settlement extends object> {
  /** `undefined` for none: most are waited for by one alone, and an array made for one has no room set aside for more. */
  #waiters: SettlementWaiter<Settlement>[] | undefined
  #settlement: Settlement | undefined

  join(waiter: SettlementWaiter<Settlement>): void {
    if (this.#settlement !== undefined) waiter.settle(this.#settlement)
    else if (this.#waiters === undefined) this.#waiters = [waiter]
    else this.#waiters.push(waiter)
  }

  /** Removes a waiter. Returns whether none is left. */
  leave(waiter: SettlementWaiter<Settlement>): boolean {
    this.#remove(this.#waiters?.indexOf(waiter))
    return (this.#waiters ?? []).length === 0
  }

  /** Removes the waiter of a caller: work that never ends must not keep alive all callers that have given up. */
  leaveOf(caller: object): void {
    this.#remove(this.#waiters?.findIndex((waiter) => waiter.caller === caller))?.left?.()
  }

  #remove(at = -1): SettlementWaiter<Settlement> | undefined {
    return at < 0 ? undefined : this.#waiters?.splice(at, 1)[0]
  }

  /** Serves the waiters that need no proof. Returns whether there were any. The others, and later ones, wait for the settlement. */
  settleEarly(settlement: Settlement): boolean {
    const served = this.#waiters?.filter(({ needsProof }) => !needsProof) ?? []
    if (served.length > 0) this.#waiters = this.#waiters?.filter(({ needsProof }) => needsProof)
    for (const waiter of served) waiter.settle(settlement)
    return served.length > 0
  }

  /** Serves all waiters, and later ones. Settlements after the first are ignored. */
  settle(settlement: Settlement): void {
    if (this.#settlement !== undefined) return
    this.#settlement = settlement
    const waiters = this.#waiters
    this.#waiters = undefined
    if (waiters !== undefined) for (let i = 0; i < waiters.length; i++) waiters[i]?.settle(settlement)
  }
}

/** Calls in flight in this process by call hash, so that an equal one joins instead of repeating them. */
export class InFlightTable<Call> {
  readonly #calls = new ShortLivedMap<Call>()

  /** How many are in flight. */
  get size(): number {
    return this.#calls.size
  }

  get(key: string): Call | undefined {
    return this.#calls.get(key)
  }

  /** The call in flight under that key; if there is none, this one is from now on. */
  join(key: string, call: Call): Call | undefined {
    return this.#calls.getOrSet(key, call)
  }

  start(key: string, call: Call): void {
    this.#calls.set(key, call)
  }

  /** Takes that call out, unless another one has taken its place. */
  end(key: string, call: Call): void {
    this.#calls.delete(key, call)
  }

  /** From now on no call joins that one. Calls that joined before are still served by it. */
  drop(key: string): void {
    this.#calls.delete(key)
  }

  /** From now on no call joins one that is in flight now. */
  clear(): void {
    this.#calls.clear()
  }
}
