import { type AbstractPolicy, type CacheOptions, RedisFuncCache as Cache } from '../../src/index.ts'

export * from '../../src/index.ts'
export type * from '../../src/store.ts'

/** Whether caches hold results near, unless a test says otherwise: the suite has to pass with it, too. */
export const hasNear: boolean = process.env['NEAR'] !== undefined

/**
 * A cache for which a busy machine is no slow server: results are stored when their callers get them, and no call goes on
 * without the store. Tests about `putWait` and `storeTimeout` say what they want.
 */
export class RedisFuncCache extends Cache {
  constructor(name: string, policy: AbstractPolicy | 'auto', options: CacheOptions) {
    super(name, policy, { putWait: '10s', storeTimeout: '10s', near: hasNear, ...options })
  }
}
