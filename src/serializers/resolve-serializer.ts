import { shown, suggestion } from '../validation/checks.ts'
import { OptionError } from '../errors.ts'
import { autoSerializer } from './formats/auto.ts'
import { loadPeer } from './load-peer.ts'
import { BSON, type Bson, bson } from './formats/bson.ts'
import { CBOR_X, type CborX, cbor } from './formats/cbor.ts'
import { customSerializer, type SerializerFunctions, type SerializerPair } from './custom.ts'
import { jsonSerializer, lossyJsonSerializer } from './formats/json.ts'
import { MSGPACKR, type Msgpackr, msgpack } from './formats/msgpack.ts'
import type { Serializer } from './serializer.ts'
import { SUPERJSON, type SuperJsonModule, superjson } from './formats/superjson.ts'
import { v8Serializer } from './formats/v8.ts'
import { YAML, type Yaml, yaml } from './formats/yaml.ts'

export type { SerializerFunctions, SerializerPair } from './custom.ts'

/** The name of a built-in serializer; all but `'auto'`, `'json'` and `'v8'` need a package that you install. */
export type SerializerName = 'auto' | 'json' | 'v8' | 'msgpack' | 'cbor' | 'bson' | 'yaml' | 'superjson'

/** A serializer: the name of a built-in one, or your own functions for results of type `T`. */
export type SerializerOption<T = unknown> = SerializerName | SerializerPair<T> | SerializerFunctions<T>

const FORMATS: Record<SerializerName, () => Serializer> = {
  auto: () => autoSerializer,
  json: () => jsonSerializer,
  v8: () => v8Serializer,
  msgpack: () => msgpack(loadPeer(MSGPACKR) as Msgpackr),
  cbor: () => cbor(loadPeer(CBOR_X) as CborX),
  bson: () => bson(loadPeer(BSON) as Bson),
  yaml: () => yaml(loadPeer(YAML) as Yaml),
  superjson: () => superjson(loadPeer(SUPERJSON) as SuperJsonModule),
}

/** Serializers keep no state between calls, so all caches of the process share one of each. */
const loaded = /* @__PURE__ */ new Map<SerializerName, Serializer>()

/**
 * Finds the serializer that an option means, and loads its package.
 *
 * @throws {OptionError} for an unknown name, and for a value that is neither a name nor two functions.
 * @throws {SerializerError} when the package of a built-in format is not installed, or does not load.
 */
export function resolveSerializer(option: SerializerOption): Serializer {
  if (typeof option === 'string') return builtIn(option)
  if (isBuiltIn(option)) return option
  const functions = asFunctions(option)
  if (functions === undefined) {
    throw new OptionError(
      `serializer: ${shown(option)} is not a serializer. Give ${known()}, a pair [serialize, deserialize], or an object with these ` +
        'two functions.',
    )
  }
  return customSerializer(functions)
}

/**
 * Finds the variant of a serializer that stores what JSON changes, or the one that does not.
 *
 * @param isLossy The option `lossy` of the same cache or function.
 * @throws {OptionError} for a serializer other than `'json'`, for which `lossy` has no meaning.
 */
export function withLosses(serializer: Serializer, isLossy: boolean): Serializer {
  if (serializer === jsonSerializer || serializer === lossyJsonSerializer) {
    return isLossy ? lossyJsonSerializer : jsonSerializer
  }
  if (!isLossy) return serializer
  throw new OptionError(
    `lossy: this option is for the serializer 'json' only, and this one is '${serializer.name}'. Leave lossy out, or give ` +
      "{ serializer: 'json' } beside it.",
  )
}

function isBuiltIn(option: unknown): option is Serializer {
  return (option as Partial<Serializer> | null | undefined)?.isBuiltIn === true
}

function builtIn(name: SerializerName): Serializer {
  if (!Object.hasOwn(FORMATS, name)) {
    throw new OptionError(
      `serializer: there is no ${shown(name)}.${suggestion(name, Object.keys(FORMATS))} Give ${known()}, or a pair ` +
        '[serialize, deserialize].',
    )
  }
  let serializer = loaded.get(name)
  if (serializer === undefined) loaded.set(name, (serializer = FORMATS[name]()))
  return serializer
}

function asFunctions(
  option: SerializerPair | SerializerFunctions | null | undefined,
): SerializerFunctions | undefined {
  if (option === null || option === undefined) return undefined
  const functions: SerializerFunctions = isPair(option)
    ? { serialize: option[0], deserialize: option[1] }
    : option
  const isComplete = typeof functions.serialize === 'function' && typeof functions.deserialize === 'function'
  return isComplete ? functions : undefined
}

function isPair(option: SerializerPair | SerializerFunctions): option is SerializerPair {
  return Array.isArray(option)
}

function known(): string {
  const names = Object.keys(FORMATS).map((name) => `'${name}'`)
  return `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`
}
