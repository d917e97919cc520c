import { Buffer } from 'node:buffer'
import { createSecretKey, type KeyObject } from 'node:crypto'
import { types } from 'node:util'
import { OptionError } from '../errors.ts'
import { Compression, type CompressionSettings, isKnownFormat } from '../serializers/envelope/compression.ts'
import { Envelope } from '../serializers/envelope/envelope.ts'
import { encryption, signature } from '../serializers/envelope/seal.ts'
import type { CacheOptions } from './cache-options.ts'
import { checkBound, checkChoice, checkNames } from '../validation/checks.ts'
import type { CompressOptions, SecretKeyOptions } from './envelope-options.ts'

/** The bytes of a key: as many as AES-256 needs, and as many as HMAC-SHA256 can use. */
const KEY_BYTES = 32

const MAX_BYTES = 64 * 1024 * 1024

/**
 * Makes what the options `compress`, `sign` and `encrypt` say; `undefined` without any of them.
 * @throws {OptionError} whose message never shows a key.
 */
export function envelopeOf({ compress, sign, encrypt }: CacheOptions): Envelope | undefined {
  if (sign !== undefined && encrypt !== undefined) {
    throw new OptionError(
      'sign and encrypt: give only one of them. What is encrypted cannot be forged either, so leave sign out.',
    )
  }
  const compression = compressionOf(compress ?? false)
  if (sign !== undefined) return new Envelope(compression, signature(keysOf(sign, 'sign')))
  if (encrypt !== undefined) return new Envelope(compression, encryption(keysOf(encrypt, 'encrypt')))
  return compress === undefined || compress === false ? undefined : new Envelope(compression, undefined)
}

/** Without the option, nothing is compressed, and what other processes have compressed is read. */
function compressionOf(compress: boolean | CompressOptions): Compression {
  const best = isKnownFormat('zstd') ? 'zstd' : 'gzip'
  const settings: CompressionSettings = { format: best, above: 4_096, maxBytes: MAX_BYTES }
  if (compress === false) return new Compression({ ...settings, above: Number.POSITIVE_INFINITY })
  if (compress === true) return new Compression(settings)
  if (typeof compress !== 'object' || compress === null) {
    throw new OptionError('compress: give true, false or an object such as { above: 4096 }, in bytes.')
  }
  checkNames(compress, ['above', 'format', 'maxBytes'], 'compress')
  const format = checkChoice(compress.format ?? best, ['gzip', 'zstd'], 'compress.format')
  if (!isKnownFormat(format)) {
    throw new OptionError(
      `compress.format: this runtime has no '${format}' that notices when data are cut off. Leave it out, or update Node to 24 or newer.`,
    )
  }
  const above = compress.above === 0 ? 0 : checkBound(compress.above ?? settings.above, 'compress.above')
  return new Compression({
    format,
    above,
    maxBytes: checkBound(compress.maxBytes ?? MAX_BYTES, 'compress.maxBytes'),
  })
}

function keysOf(options: SecretKeyOptions, option: 'sign' | 'encrypt'): KeyObject[] {
  if (typeof options !== 'object' || options === null)
    throw keyError(option, 'give { key } or { keys: [newest, …] }')
  checkNames(options, ['key', 'keys'], option)
  const { key, keys } = options
  if ((key === undefined) === (keys === undefined)) throw keyError(option, 'give either key or keys')
  const all: readonly unknown[] = keys ?? [key]
  if (!Array.isArray(all) || all.length === 0)
    throw keyError(option, 'keys has to be an array with at least one key')
  return all.map((each, i) => keyOf(each, option, keys === undefined ? 'key' : `keys[${i}]`))
}

function keyOf(given: unknown, option: 'sign' | 'encrypt', name: string): KeyObject {
  const key = bytesOf(given)
  if (key === undefined) throw keyError(option, `${name} is neither bytes nor a text in base64 or hex`)
  const isLongEnough = option === 'encrypt' ? key.length === KEY_BYTES : key.length >= KEY_BYTES
  if (!isLongEnough) {
    const wanted = option === 'encrypt' ? `${KEY_BYTES} bytes` : `at least ${KEY_BYTES} bytes`
    throw keyError(option, `${name} has ${key.length} bytes and needs ${wanted}`)
  }
  if (key.every((byte) => byte === key[0])) throw keyError(option, `${name} is one byte, over and over`)
  return createSecretKey(key)
}

function bytesOf(given: unknown): Buffer | undefined {
  if (types.isUint8Array(given)) return Buffer.from(given)
  if (types.isKeyObject(given)) return given.type === 'secret' ? given.export() : undefined
  if (typeof given !== 'string') return undefined
  if (/^(?:[\da-f]{2}){32,}$/i.test(given)) return Buffer.from(given, 'hex')
  return /^[\w+/-]+={0,2}$/.test(given) ? Buffer.from(given, 'base64') : undefined
}

const keyError = (option: string, what: string): OptionError =>
  new OptionError(
    `${option}: ${what}. Make a key by \`openssl rand -base64 ${KEY_BYTES}\`, keep it out of the source, and give it as ` +
      'text or bytes.',
  )
