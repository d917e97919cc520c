import { Buffer } from 'node:buffer'
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'

/** Where an entry lies. What is sealed for one place cannot be opened at another one. */
export interface EntryPlace {
  /** The name of the key of the values: it tells server, cache, policy and function as far as they have keys of their own. */
  readonly values: string
  readonly hash: string
}

/** Makes stored bytes unforgeable, or unreadable. */
export interface Seal {
  readonly name: 'hmac' | 'gcm'
  close(bytes: Buffer, context: string): Buffer
  /** @throws {TypeError} for what was not sealed with one of the keys for this context. */
  open(sealed: Buffer, context: string): Buffer
}

/** A text that is another one for every place and form. */
export const contextOf = ({ values, hash }: EntryPlace, form: string): string =>
  `${JSON.stringify(['redis-func-cache 1', form, values, hash])}\n`

const forged = (): TypeError =>
  new TypeError('none of the keys fits: it was stored with another key or for another entry, or was changed')

/** The length of a signature: HMAC-SHA256 as base64url. */
const SIGNATURE_LENGTH = 43

/**
 * HMAC-SHA256, in front of nothing and behind everything: what is signed stays readable.
 *
 * @see https://www.rfc-editor.org/rfc/rfc2104
 */
export function signature(keys: readonly KeyObject[]): Seal {
  const sign = (key: KeyObject, context: string, bytes: Buffer): Buffer =>
    Buffer.from(createHmac('sha256', key).update(context).update(bytes).digest('base64url'))
  return {
    name: 'hmac',
    close: (bytes, context) => Buffer.concat([bytes, sign(keys[0] as KeyObject, context, bytes)]),
    open: (sealed, context) => {
      if (sealed.length < SIGNATURE_LENGTH) throw forged()
      const bytes = sealed.subarray(0, -SIGNATURE_LENGTH)
      const given = sealed.subarray(-SIGNATURE_LENGTH)
      if (keys.some((key) => timingSafeEqual(sign(key, context, bytes), given))) return bytes
      throw forged()
    },
  }
}

const CIPHER = 'aes-256-gcm'
const NONCE_LENGTH = 12
const TAG_LENGTH = 16

/**
 * AES-256-GCM, as nonce, ciphertext and tag.
 *
 * Each entry has a key of its own, the HMAC-SHA256 of its context: so random nonces are safe for 2^32 puts of each entry, and not
 * only for so many of all entries together.
 *
 * @see https://csrc.nist.gov/pubs/sp/800/38/d/final
 */
export function encryption(keys: readonly KeyObject[]): Seal {
  const keyOf = (key: KeyObject, context: string): Buffer =>
    createHmac('sha256', key).update(context).digest()
  return {
    name: 'gcm',
    close: (bytes, context) => {
      const nonce = randomBytes(NONCE_LENGTH)
      const cipher = createCipheriv(CIPHER, keyOf(keys[0] as KeyObject, context), nonce)
      return Buffer.concat([nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()])
    },
    open: (sealed, context) => {
      if (sealed.length < NONCE_LENGTH + TAG_LENGTH) throw forged()
      const nonce = sealed.subarray(0, NONCE_LENGTH)
      const bytes = sealed.subarray(NONCE_LENGTH, -TAG_LENGTH)
      const tag = sealed.subarray(-TAG_LENGTH)
      for (const key of keys) {
        const decipher = createDecipheriv(CIPHER, keyOf(key, context), nonce, { authTagLength: TAG_LENGTH })
        decipher.setAuthTag(tag)
        const plain = decipher.update(bytes)
        try {
          return Buffer.concat([plain, decipher.final()])
        } catch {
          // Not with this key.
        }
      }
      throw forged()
    },
  }
}
