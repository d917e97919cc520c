import { SerializerError } from '../errors.ts'
import { isPromise } from '../realms/native.ts'
import { reasonOf } from '../serializers/encoding.ts'
import type { ErrorClasses } from '../serializers/errors/error-classes.ts'
import type { Envelope } from '../serializers/envelope/envelope.ts'
import type { FunctionSettings } from '../options/function-settings.ts'
import type { Lookup } from '../stores/store.ts'
import { serializerMark } from '../stores/trailer.ts'
import type { Reporter } from '../telemetry/reporter.ts'
import type { Call } from './call.ts'
import { EntryReader } from './entry-reader.ts'
import type { Settlement } from './settlement.ts'

/** Reads the entries of a cache with `compress`, `sign` or `encrypt`: takes each out of its envelope first. */
export class EnvelopeReader extends EntryReader {
  readonly #envelope: Envelope
  readonly #report: Reporter
  /** The forms that can be read, by the marks of the serializer names that tell them. */
  readonly #forms: ReadonlyMap<number, string>
  /** The mark of what is in the envelope. */
  readonly #mark: number

  constructor(settings: FunctionSettings, errorClasses: ErrorClasses, report: Reporter, envelope: Envelope) {
    super(settings, errorClasses, report)
    const { name } = settings.serializer
    this.#envelope = envelope
    this.#report = report
    this.#mark = serializerMark(name)
    this.#forms = new Map(envelope.forms.map((form) => [serializerMark(form + name), form]))
    this.readsText &&= envelope.keepsText
  }

  /** Where some results are compressed, looking each up as text and then again as bytes would cost more than bytes do. */
  override isNoText(lookup: Lookup): boolean {
    const isNoText = super.isNoText(lookup)
    if (isNoText) this.readsText = false
    return isNoText
  }

  override open(call: Call, lookup: Lookup): Settlement | undefined | Promise<Settlement | undefined> {
    const { value, serializer, beganUs } = lookup
    if (value === undefined) return super.open(call, lookup)
    const form = beganUs === undefined ? undefined : this.#forms.get(serializer as number)
    if (form === undefined) {
      return this.#refuse(call, 'its serializer or the options sign, encrypt and compress were others')
    }
    try {
      const { hash, partition } = call
      const place = { values: partition.keySpace.keys[1], hash }
      const opened = this.#envelope.open(value, form, place)
      if (!isPromise(opened)) return super.open(call, this.#without(lookup, opened))
      return opened.then(
        (bytes) => super.open(call, this.#without(lookup, bytes)),
        (error: unknown) => this.#refuse(call, reasonOf(error), error),
      )
    } catch (error) {
      return this.#refuse(call, reasonOf(error), error)
    }
  }

  /** The entry as if it had been stored without an envelope. */
  #without(lookup: Lookup, value: Buffer | string): Lookup {
    return { ...lookup, value, serializer: this.#mark }
  }

  #refuse(call: Call, reason: string, cause?: unknown): undefined {
    const message = `What is stored is not used: ${reason}. The result is computed anew.`
    this.#report.undecodable(call, new SerializerError(message, cause === undefined ? {} : { cause }))
  }
}
