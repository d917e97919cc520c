/** What the measured functions return: a product and what people wrote about it. */
export interface Product {
  readonly id: number
  readonly name: string
  readonly price: number
  readonly inStock: boolean
  readonly reviews: readonly { readonly by: string; readonly stars: number; readonly text: string }[]
  readonly note: string
  /** When its computation began, where that is asked for. */
  readonly loadedAtMs?: number
}

const TEXT = 'Arrived in two days, works as described, and the handle is better than that of the last one.'

/** A product whose JSON has just so many bytes (at least 90), another one for every id. */
export function makeProduct(id: number, bytes: number): Product {
  const reviews: { by: string; stars: number; text: string }[] = []
  const product = {
    id,
    name: `product ${id % 1000}`,
    price: (id % 97) + 0.95,
    inStock: id % 3 > 0,
    reviews,
    note: '',
  }
  let left = bytes - JSON.stringify(product).length
  for (let i = 0; left > 200; i++) {
    const review = { by: `customer ${(id + i) % 10}`, stars: 1 + (i % 5), text: TEXT.slice(i % 40) }
    reviews.push(review)
    left -= JSON.stringify(review).length + (i > 0 ? 1 : 0)
  }
  product.note = 'x'.repeat(Math.max(0, left))
  return product
}
