import { setTimeout as sleep } from 'node:timers/promises'

export interface Product {
  readonly id: number
  readonly title: string
  /** When the database was read. */
  readonly loadedAt: string
}

/** Stands for a real database, and takes a few milliseconds like one. */
export async function findProduct(id: number): Promise<Product> {
  console.log(`database: product ${id}`)
  await sleep(5)
  return { id, title: `Product ${id}`, loadedAt: new Date().toISOString() }
}
