import { Controller, Get, Param, ParseIntPipe, UseGuards } from '@nestjs/common'
import { cache } from './cache'
import { Database } from './database'
import { Roles, RolesGuard } from './roles'

/**
 * The results of these routes are cached. Guards run at every request, also when the result is cached. Decorators that
 * only set metadata, as most of Nest's do, may stand above `cached` or below it.
 */
@Controller('reports')
@UseGuards(RolesGuard)
export class ReportsController {
  constructor(private readonly database: Database) {}

  @Get('sales/:year')
  @Roles('admin')
  @cache.cached({ this: 'shared', ttl: '5m' })
  async sales(@Param('year', ParseIntPipe) year: number): Promise<Report> {
    return { year, sum: await this.database.sum('sales', year) }
  }

  @Get('visits/:year')
  @cache.cached({ this: 'shared', ttl: '5m' })
  @Roles('admin')
  async visits(@Param('year', ParseIntPipe) year: number): Promise<Report> {
    return { year, sum: await this.database.sum('visits', year) }
  }

  @cache.cached({ this: 'shared', ttl: '5m' })
  @Get('returns/:year')
  @Roles('admin')
  async returns(@Param('year', ParseIntPipe) year: number): Promise<Report> {
    return { year, sum: await this.database.sum('returns', year) }
  }
}

export interface Report {
  readonly year: number
  readonly sum: number
}
