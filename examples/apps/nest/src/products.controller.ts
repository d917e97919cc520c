import { Body, Controller, Get, Param, ParseIntPipe, Put } from '@nestjs/common'
import type { Product } from './database'
import { ProductsService } from './products.service'

@Controller('products')
export class ProductsController {
  constructor(private readonly products: ProductsService) {}

  @Get(':id')
  findOne(@Param('id', ParseIntPipe) id: number): Promise<Product> {
    return this.products.findOne(id)
  }

  @Put(':id')
  async save(@Param('id', ParseIntPipe) id: number, @Body() body: Omit<Product, 'id'>): Promise<Product> {
    await this.products.save({ ...body, id })
    return this.products.findOne(id)
  }
}
