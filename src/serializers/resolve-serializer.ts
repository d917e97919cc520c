import { shown, suggestion } from '../options/checks.ts'
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

/** The formats that are built in. All but `'auto'`, `'json'` and `'v8'` need a package that the user installs. */
export type SerializerName = 'auto' | 'json' | 'v8' | 'msgpack' | 'cbor' | 'bson' | 'yaml' | 'superjson'

/** How results are stored: a built-in format, or functions for results of type `T`. */
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

/** Formats keep nothing between calls, so that all caches of the process share one of each. */
const loaded = /* @__PURE__ */ new Map<SerializerName, Serializer>()

/**
 * The serializer an option stands for, its package loaded.
 *
 * @throws {OptionError} for an unknown name, and for what is neither a name nor a pair of functions.
 * @throws {SerializerError} when the package of a built-in format is not installed, or does not load.
 */
export function resolveSerializer(option: SerializerOption): Serializer {
  if (typeof option === 'string') return builtIn(option)
  if (isBuiltIn(option)) return option
  const functions = asFunctions(option)
  if (functions === undefined) {
    throw new OptionError(
      `serializer: give ${known()}, a pair [serialize, deserialize], or an object with these two functions.`,
    )
  }
  return customSerializer(functions)
}

/**
 * The same, with the losses that were asked for, or without.
 *
 * @param isLossy The option `lossy` of the same cache or function.
 * @throws {OptionError} for a serializer other than `'json'`, which `lossy` means nothing to.
 */
export function withLosses(serializer: Serializer, isLossy: boolean): Serializer {
  if (serializer === jsonSerializer || serializer === lossyJsonSerializer) {
    return isLossy ? lossyJsonSerializer : jsonSerializer
  }
  if (!isLossy) return serializer
  throw new OptionError(
    `lossy: only the serializer 'json' refuses what it would change, and this is '${serializer.name}'. Leave it out, or give ` +
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
