import { Controller, Get, Inject } from '@nestjs/common'
import { REDIS, type Redis } from './cache.module'

@Controller('health')
export class HealthController {
  constructor(@Inject(REDIS) private readonly redis: Redis) {}

  @Get()
  health(): { readonly cached: boolean } {
    return { cached: this.redis.isReady }
  }
}
