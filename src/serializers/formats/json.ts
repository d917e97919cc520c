import { BY_CLONE, CHANGED, fidelityOf, findPart } from '../fidelity.ts'
import type { Serializer } from '../serializer.ts'
import { textOf } from './text.ts'

/**
 * JSON without loss: a value that JSON would change is refused. Those are Dates, Maps, Sets, NaN and the infinities, `-0`,
 * bigints, bytes, `undefined` and holes in arrays, instances of classes, and cycles. Properties that are `undefined` count as
 * missing.
 *
 * @see https://tc39.es/ecma262/#sec-json.stringify
 */
export const jsonSerializer: Serializer = {
  name: 'json',
  isBuiltIn: true,
  losesOnly: 0,
  serialize: (value, fidelity = fidelityOf(value)) => {
    if (fidelity === 0) return JSON.stringify(value)
    throw new TypeError(
      `${findPart(value, fidelity, 'result')}, which JSON does not bring back. { lossy: true } stores what JSON makes of ` +
        "it; the serializer 'auto' keeps more",
    )
  },
  deserialize,
  deserializeText: (stored) => JSON.parse(stored) as unknown,
}

/**
 * JSON with its losses: a Date comes back as a string, a Map or Set as `{}`, NaN and the infinities as `null`, `-0` as `0`,
 * a Buffer as `{ type, data }`, an instance of a class as a plain object or as what its `toJSON` returns. bigints and cycles are
 * refused.
 */
export const lossyJsonSerializer: Serializer = {
  name: 'json',
  isBuiltIn: true,
  isLossy: true,
  losesOnly: BY_CLONE | CHANGED,
  serialize: (value) => JSON.stringify(value),
  deserialize,
  deserializeText: (stored) => JSON.parse(stored) as unknown,
}

function deserialize(stored: Buffer): unknown {
  return JSON.parse(textOf(stored))
}
