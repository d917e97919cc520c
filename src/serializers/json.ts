import type { Serializer } from './serializer.ts'

/**
 * JSON: the default. Readable by everything, and fast.
 *
 * It loses what `JSON.stringify` loses, without a word: a Date comes back as a string, a Map or Set as `{}`, NaN and
 * the infinities as `null`, `-0` as `0`, a Buffer as `{ type, data }`; properties that are `undefined` or functions
 * vanish. bigints and cycles are refused.
 *
 * @see https://tc39.es/ecma262/#sec-json.stringify
 */
export const jsonSerializer: Serializer = {
  name: 'json',
  isBuiltIn: true,
  // A function or symbol has no JSON: `undefined` comes out, which `encode` refuses.
  serialize: (value) => JSON.stringify(value),
  deserialize: (stored) => JSON.parse(stored.toString()),
}
