import { types } from 'node:util'
import { checkPeer, type Peer } from '../load-peer.ts'
import { hasNested } from './has-nested.ts'
import type { Serializer } from '../serializer.ts'
import { textOf } from './text.ts'
import { prepareYaml, type YamlDocument } from './yaml-nodes.ts'

/** The part of the package `yaml` that is used, declared here: the types of this library must not import a package that may be missing. */
export interface Yaml {
  stringify(value: unknown, options: object): string
  parseDocument(
    text: string,
    options: object,
  ): YamlDocument & {
    readonly errors: readonly Error[]
    toJS(options: { maxAliasCount: number }): unknown
  }
  readonly Composer: unknown
}

export const YAML: Peer = { serializer: 'yaml', package: 'yaml', major: 2 }

/** YAML 1.2 with four types of YAML 1.1 that it dropped from its core: Buffers, Maps, Sets and Dates. */
const TYPES = { version: '1.2', customTags: ['binary', 'omap', 'set', 'timestamp'] }

/** Lines are never folded: multi-line text stays as it was typed. */
const STRINGIFY_OPTIONS = { ...TYPES, lineWidth: 0 }

/** Characters that YAML writes as escapes. */
// oxlint-disable-next-line no-control-regex -- these are meant
const CONTROL = /[\0-\x08\v\f\x0e-\x1f]/

/** Text written here has no duplicate keys; warnings would only fill the process's log. */
const PARSE_OPTIONS = { ...TYPES, uniqueKeys: false, prettyErrors: false, logLevel: 'error' }

/** Aliases share objects and copy nothing, so any number of them is harmless. */
const VALUE_OPTIONS = { maxAliasCount: -1 }

/** Reading a longer text would block the process for more than about a second. */
const MAX_LENGTH = 1_000_000

/**
 * A serializer that writes YAML 1.2 by the package `yaml`: for results that people read, and some hundred times slower than JSON. Dates, Maps, Sets,
 * Buffers, multi-line text, `-0`, NaN, shared references and cycles come back as they were.
 *
 * Properties that are `undefined` vanish, as in JSON, and in arrays become `null`. A Uint8Array comes back as a Buffer,
 * other typed arrays as arrays, an instance of a class as what its `toJSON` gives or as a plain object. bigints,
 * functions, symbols, Dates that are invalid or outside the years 100 to 9999, and results of more than a million characters are
 * refused.
 *
 * @param module `await import('yaml')`.
 * @throws {SerializerError} for another package, and for a version that is too old.
 * @see https://yaml.org/spec/1.2.2/
 * @see https://eemeli.org/yaml/
 */
export function yaml(module: Yaml): Serializer {
  // Version 1 has no `Composer`.
  const format = checkPeer<Yaml>(YAML, module, (given) => typeof given.Composer === 'function')
  const read = (text: string): unknown => {
    // Nearly every text is YAML of something: JSON is, and the first half of a document.
    if (!text.endsWith('\n') || CONTROL.test(text))
      throw new TypeError('it is not a document as this serializer writes it')
    refuseLong(text)
    const document = format.parseDocument(text, PARSE_OPTIONS)
    if (document.errors[0] !== undefined) throw document.errors[0]
    prepareYaml(document)
    return document.toJS(VALUE_OPTIONS)
  }
  return {
    name: 'yaml',
    isBuiltIn: true,
    serialize: (value) => {
      if (hasNested(value, isSilentlyLost)) {
        throw new TypeError('YAML has no bigints, and no Dates outside the years 100 to 9999')
      }
      const text = format.stringify(value, STRINGIFY_OPTIONS)
      refuseLong(text)
      return text
    },
    deserialize: (stored) => read(textOf(stored)),
    deserializeText: read,
  }
}

function refuseLong({ length }: string): void {
  if (length > MAX_LENGTH) throw new RangeError(`YAML of ${length} characters; the limit is ${MAX_LENGTH}`)
}

/** bigints would come back as numbers, late Dates as strings, and Dates of the first century in the twentieth. */
function isSilentlyLost(part: unknown): boolean {
  if (typeof part === 'bigint') return true
  if (!types.isDate(part)) return false
  const year = part.getUTCFullYear()
  return !(year >= 100 && year <= 9999)
}
