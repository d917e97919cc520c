import { Injectable, NotFoundException } from '@nestjs/common'
import { cache } from './cache'
import { Database, type Product } from './database'

@Injectable()
export class ProductsService {
  constructor(private readonly database: Database) {}

  @cache.cached({ this: 'shared', ttl: '5m' })
  async findOne(id: number): Promise<Product> {
    const product = await this.database.product(id)
    if (product === undefined) throw new NotFoundException(`No product ${id}`)
    return product
  }

  async save(product: Product): Promise<void> {
    await this.database.saveProduct(product)
    await cache.method(this, 'findOne').invalidate(product.id)
  }
}
