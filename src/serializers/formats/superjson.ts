import { types } from 'node:util'
import { checkPeer, type Peer } from '../load-peer.ts'
import { hasNested } from './has-nested.ts'
import type { Serializer } from '../serializer.ts'
import { textOf } from './text.ts'

/** The part of the package `superjson` that is used, declared here: the types of this library must not import a package that may be missing. */
export interface SuperJsonModule {
  SuperJSON: new () => SuperJson
}

export interface SuperJson {
  serialize(value: unknown): SuperJsonPayload
  deserialize(payload: SuperJsonPayload): unknown
  registerCustom(transformer: Transformer, name: string): void
}

interface SuperJsonPayload {
  readonly json: unknown
  readonly meta?: { readonly referentialEqualities?: unknown } | null
}

interface Transformer {
  isApplicable(value: unknown): value is ArrayBufferView
  serialize(view: ArrayBufferView): StoredView
  deserialize(stored: StoredView): ArrayBufferView
}

type StoredView = [type: string, base64: string]

export const SUPERJSON: Peer = { serializer: 'superjson', package: 'superjson', major: 2 }

type ViewType = new (memory: ArrayBuffer) => ArrayBufferView

const VIEW_TYPES = [
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
  'DataView',
] as const

function viewType(name: string): ViewType {
  const known = VIEW_TYPES.find((each) => each === name)
  if (known === undefined) throw new TypeError(`${name} is not a known class of typed arrays`)
  return globalThis[known]
}

/** Typed arrays and Buffers: superjson alone refuses bigints in them, turns NaN into 0, and cannot read Buffers. */
const VIEWS: Transformer = {
  isApplicable: (value) => ArrayBuffer.isView(value),
  serialize: (view) => {
    const type = view.constructor.name
    if (type !== 'Buffer') viewType(type)
    return [type, Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString('base64')]
  },
  deserialize: ([type, base64]) => {
    const bytes = Buffer.from(base64, 'base64')
    if (type === 'Buffer') return bytes
    const View = viewType(type)
    // The array gets a copy of the bytes as its memory, since a Buffer may be a slice of Node's pool.
    return new View(new Uint8Array(bytes).buffer)
  },
}

/**
 * A serializer that writes JSON with a note of what JSON loses, by the package `superjson`: readable, and ten times slower to write. Dates, Maps, Sets,
 * RegExps, URLs, Errors (without their stack, and with a `name` of their own), bigints, Buffers, typed arrays, NaN, `-0`, `undefined` inside, shared
 * references and cycles come back as they were.
 *
 * Instances of classes come back as plain objects. Classes that are registered with the default instance of superjson are not
 * known here: give `[superjson.stringify, (stored) => superjson.parse(stored.toString())]` to use them. Functions, symbols,
 * invalid Dates, and properties named `__proto__`, `constructor` or `prototype` are refused.
 *
 * @param module `await import('superjson')`.
 * @throws {SerializerError} for another package, and for a version that is too old.
 * @see https://github.com/flightcontrolhq/superjson
 */
export function superjson(module: SuperJsonModule): Serializer {
  const { SuperJSON } = checkPeer<SuperJsonModule>(
    SUPERJSON,
    module,
    (given) => typeof given.SuperJSON === 'function',
  )
  // A new instance, since registering would change the default one, which belongs to the user.
  const format = new SuperJSON()
  format.registerCustom(VIEWS, 'ArrayBufferView')
  const read = (text: string): unknown => {
    const payload: unknown = JSON.parse(text)
    const isOurs =
      typeof payload === 'object' &&
      payload !== null &&
      Object.hasOwn(payload, 'json') &&
      Object.keys(payload).every((name) => name === 'json' || name === 'meta')
    if (isOurs) {
      refuseManyReferences(payload as SuperJsonPayload)
      return format.deserialize(payload as SuperJsonPayload)
    }
    throw new TypeError('it is JSON, but superjson did not write it')
  }
  return {
    name: 'superjson',
    isBuiltIn: true,
    serialize: (value) => {
      if (hasNested(value, isSilentlyLost))
        throw new TypeError('superjson cannot store functions, symbols or invalid Dates')
      const payload = format.serialize(value)
      refuseManyReferences(payload)
      return JSON.stringify(payload)
    },
    deserialize: (stored) => read(textOf(stored)),
    deserializeText: read,
  }
}

/**
 * Each reference to a member of a Set or Map counts the members before it: 300 KB could block the process for seconds.
 *
 * @throws {RangeError} if the number of references times the longest list exceeds 30 million, about a tenth of a second.
 */
function refuseManyReferences({ json, meta }: SuperJsonPayload): void {
  const references = meta?.referentialEqualities
  if (typeof references !== 'object' || references === null) return
  if (leavesOf(references) * longestListOf(json) > MAX_REFERENCE_STEPS) {
    throw new RangeError('it has too many references to shared objects for lists of this length')
  }
}

const MAX_REFERENCE_STEPS = 30_000_000

function leavesOf(tree: unknown): number {
  if (typeof tree !== 'object' || tree === null) return 1
  let leaves = 0
  for (const part of Object.values(tree)) leaves += leavesOf(part)
  return leaves
}

function longestListOf(json: unknown): number {
  if (typeof json !== 'object' || json === null) return 0
  let longest = Array.isArray(json) ? json.length : 0
  for (const part of Object.values(json)) longest = Math.max(longest, longestListOf(part))
  return longest
}

/** Whether superjson would drop a value, or store it as `null`, instead of refusing it. */
function isSilentlyLost(part: unknown): boolean {
  if (types.isDate(part)) return Number.isNaN(part.getTime())
  return typeof part === 'function' || typeof part === 'symbol'
}
