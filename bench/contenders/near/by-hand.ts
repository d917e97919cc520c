import type { Product } from '../../values.ts'
import { type Contender, keyOf } from '../contender.ts'

/** A Map in an async function: unbounded, without Redis, and never told of anything. The least that a hit can take. */
export const mapByHand: Contender = async ({ compute }) => {
  const map = new Map<string, Product>()
  return {
    async call(id) {
      const key = keyOf(id)
      let value = map.get(key)
      if (value === undefined) {
        value = await compute(id)
        map.set(key, value)
      }
      return value
    },
  }
}

/** The same with texts, so that each caller gets its own object. */
export const textMapByHand: Contender = async ({ compute }) => {
  const map = new Map<string, string>()
  return {
    async call(id) {
      const key = keyOf(id)
      const text = map.get(key)
      if (text !== undefined) return JSON.parse(text) as Product
      const value = await compute(id)
      map.set(key, JSON.stringify(value))
      return value
    },
  }
}
