/**
 * Turns results into what is stored, and back.
 *
 * Contract: `deserialize(serialize(value))` equals `value` for every value the format knows, and `serialize` never
 * yields an empty string or buffer: that is how `undefined` is stored, for every format alike.
 */
export interface Serializer {
  /** Shown in errors and events. */
  readonly name: string
  serialize(value: unknown): string | Buffer
  deserialize(stored: Buffer): unknown
}
