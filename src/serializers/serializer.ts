/**
 * Turns results into what is stored, and back.
 *
 * Contract: `deserialize(serialize(value))` equals `value` for every value the format knows. What a format does not
 * know it refuses by throwing, or loses in the way its file says; values that are lost for every format (functions,
 * streams …) never reach one that is built in. `serialize` never yields an empty string or buffer,
 * nor one that begins with `\0error\0`: so are `undefined` and errors stored, for every format alike. Nothing that
 * `deserialize` returns shares memory with `stored`: clients hand out slices of bigger buffers, and a store in this
 * process hands out the same one again.
 */
export interface Serializer {
  /** Shown in errors and events. */
  readonly name: string
  /** It keeps this contract by itself: nothing need stand between it and the store. */
  readonly isBuiltIn?: true
  /** Whoever chose it wants to have stored what it makes of a value, whatever it loses. */
  readonly isLossy?: true
  /** The bits of `fidelityOf` without which every value comes back as it was; `undefined` if that cannot be said by them. */
  readonly losesOnly?: number
  /** @param fidelity What `fidelityOf(value)` says, where that is known already. */
  serialize(value: unknown, fidelity?: number): string | Uint8Array
  deserialize(stored: Buffer): unknown
  /**
   * The same of text, where results are stored as text: it need not become bytes and text again. Given only what
   * `isWholeText` says is as it was stored.
   */
  deserializeText?(stored: string): unknown
}
