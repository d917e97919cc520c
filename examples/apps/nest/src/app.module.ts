import { Module } from '@nestjs/common'
import { CacheModule } from './cache.module'
import { Database } from './database'
import { HealthController } from './health.controller'
import { ProductsController } from './products.controller'
import { ProductsService } from './products.service'
import { ReportsController } from './reports.controller'

@Module({
  imports: [CacheModule],
  controllers: [HealthController, ProductsController, ReportsController],
  providers: [Database, ProductsService],
})
export class AppModule {}
