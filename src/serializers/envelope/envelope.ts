/**
 * What is done to serialized results before they are stored: compressed, then signed or encrypted. Only caches with these options
 * have an envelope; for all others nothing is called or asked.
 *
 * The name of the serializer in the trailer tells the form: `gzip~hmac~auto` was compressed and signed. An entry of a form that
 * this cache does not read is a miss. A short result is not compressed, and stays the text it is.
 */
import { bytesOf, type Compression } from './compression.ts'
import { contextOf, type EntryPlace, type Seal } from './seal.ts'

/** What is stored, and the form in which it is. */
export interface Enveloped {
  readonly stored: string | Buffer
  /** Stands in front of the name of the serializer. */
  readonly form: string
}

/** What was in an envelope. */
export type Opened = Buffer | string

export class Envelope {
  readonly #compression: Compression
  readonly #seal: Seal | undefined
  /** The forms that can be read. */
  readonly forms: readonly string[]

  constructor(compression: Compression, seal: Seal | undefined) {
    this.#compression = compression
    this.#seal = seal
    const mark = seal === undefined ? '' : `${seal.name}~`
    this.forms = compression.forms.map((form) => form + mark)
  }

  /** Whether what is stored may be text. */
  get keepsText(): boolean {
    return this.#seal === undefined
  }

  async close(serialized: string | Buffer, place: EntryPlace): Promise<Enveloped> {
    const compressed = await this.#compression.compress(serialized)
    const seal = this.#seal
    if (seal === undefined) return compressed
    const form = `${compressed.form}${seal.name}~`
    return { stored: seal.close(bytesOf(compressed.stored), contextOf(place, form)), form }
  }

  /**
   * What was serialized.
   *
   * @param form One of {@link forms}.
   * @throws for what was not stored with these keys at this place, and what is larger than may be.
   */
  open(stored: Buffer | string, form: string, place: EntryPlace): Opened | Promise<Opened> {
    const seal = this.#seal
    if (seal === undefined) return this.#compression.decompress(stored, form)
    const bytes = seal.open(bytesOf(stored), contextOf(place, form))
    return this.#compression.decompress(bytes, form.slice(0, -seal.name.length - 1))
  }
}
