/**
 * Turns results into stored text or bytes, and back.
 *
 * Contract:
 * - `deserialize(serialize(value))` equals `value` for every value that the format supports. For other values the format throws,
 *   or changes them in the way that its file describes. Values that no format can store (functions, streams …) are never given
 *   to a built-in serializer.
 * - `serialize` never returns an empty string or buffer, which stands for `undefined`, nor one that begins with `\0error\0`,
 *   which is the beginning of stored errors.
 * - Nothing that `deserialize` returns shares memory with `stored`: a client may return slices of a larger buffer, and a
 *   `MemoryStore` returns the same buffer again.
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
   * The same for a format that stores text, so that text is not converted to bytes and back. It only gets text for which
   * `isWholeText` holds.
   */
  deserializeText?(stored: string): unknown
}
