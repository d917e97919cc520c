import { setTimeout as sleep } from 'node:timers/promises'

/** Stands for a table of a real database, and takes a few milliseconds like one. */
export interface Product {
  readonly id: number
  readonly title: string
  readonly price: number
}

const products = new Map<number, Product>(
  [
    { id: 1, title: 'A cup', price: 9 },
    { id: 2, title: 'A teapot', price: 35 },
    { id: 42, title: 'A kettle', price: 49 },
  ].map((product) => [product.id, product]),
)

export async function findProduct(id: number): Promise<Product | undefined> {
  await sleep(5)
  return products.get(id)
}

export async function findProducts(): Promise<Product[]> {
  await sleep(5)
  return [...products.values()]
}

export async function saveProduct(product: Product): Promise<void> {
  await sleep(5)
  products.set(product.id, product)
}
