import { Global, Inject, Logger, Module, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common'
import { RedisFuncCache } from 'redis-func-cache'
import { cache, redis } from './cache'

export const REDIS = Symbol('REDIS')
export type Redis = typeof redis

/** Provides the client and the cache, connects them, and closes them after the last request was answered. */
@Global()
@Module({
  providers: [
    { provide: REDIS, useValue: redis },
    { provide: RedisFuncCache, useValue: cache },
  ],
  exports: [REDIS, RedisFuncCache],
})
export class CacheModule implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(CacheModule.name)

  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    private readonly cache: RedisFuncCache,
  ) {}

  onModuleInit(): void {
    this.redis.on('error', (error: Error) => this.logger.warn(error.message))
    this.cache.on('error', ({ during, error }) => this.logger.warn(`${during}: ${error.message}`))
    // Not awaited: the app can start before Redis does.
    this.redis.connect().catch((error: Error) => this.logger.error(error.message))
  }

  async onApplicationShutdown(): Promise<void> {
    await this.cache.close()
    await this.redis.close()
    this.logger.log('Closed')
  }
}
