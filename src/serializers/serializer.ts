/**
 * Turns results into stored text or bytes, and back.
 *
 * Contract: `deserialize(serialize(value))` equals `value` for every value the format knows. What a format does not
 * know it refuses by throwing, or loses in the way its file says; values that no format can store (functions,
 * streams …) never reach a built-in one. `serialize` never yields an empty string or buffer,
 * nor one that begins with `\0error\0`: so are `undefined` and errors stored, for every format alike. Nothing that
 * `deserialize` returns shares memory with `stored`: clients hand out slices of bigger buffers, and a store in this
 * process hands out the same one again.
 */
export interface Serializer {
  /** The name of the serializer in errors and warnings. */
  readonly name: string
  /** Marks a serializer that keeps this contract by itself; those of users are wrapped to keep it. */
  readonly isBuiltIn?: true
  /** Marks a serializer that stores a value also if it changes the value, since the user asked for that. */
  readonly isLossy?: true
  /** The bits of `fidelityOf` without which every value comes back as it was; `undefined` if unknown. */
  readonly losesOnly?: number
  /** @param fidelity The bits of `fidelityOf(value)`, if they are known already. */
  serialize(value: unknown, fidelity?: number): string | Uint8Array
  deserialize(stored: Buffer): unknown
  /**
   * The same of text, where results are stored as text: it need not become bytes and text again. Given only what
   * `isWholeText` says is as it was stored.
   */
  deserializeText?(stored: string): unknown
}
