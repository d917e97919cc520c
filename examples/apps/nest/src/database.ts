import { setTimeout as sleep } from 'node:timers/promises'
import { Injectable, Logger } from '@nestjs/common'

export interface Product {
  readonly id: number
  readonly title: string
  readonly price: number
}

/** Stands for a real database, and takes a few milliseconds like one. */
@Injectable()
export class Database {
  private readonly logger = new Logger(Database.name)
  private readonly products = new Map<number, Product>([[42, { id: 42, title: 'A kettle', price: 49 }]])

  async product(id: number): Promise<Product | undefined> {
    this.logger.log(`product ${id}`)
    await sleep(5)
    return this.products.get(id)
  }

  async saveProduct(product: Product): Promise<void> {
    await sleep(5)
    this.products.set(product.id, product)
  }

  async sum(what: string, year: number): Promise<number> {
    this.logger.log(`${what} of ${year}`)
    await sleep(5)
    return year * what.length
  }
}
