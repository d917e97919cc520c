// Two classes of one name, as a minifier may leave them in two bundles.
import type { RedisFuncCache } from '../../src/index.ts'

export function makeOne(cache: RedisFuncCache) {
  class Products {
    @cache.cached({ this: 'shared' })
    async list(id: number): Promise<string> {
      return `one ${id}`
    }

    @cache.cached({ this: 'shared', name: 'products' })
    async named(id: number): Promise<string> {
      return `one ${id}`
    }
  }
  return Products
}

export function makeOther(cache: RedisFuncCache) {
  class Products {
    @cache.cached({ this: 'shared' })
    async list(id: number): Promise<string> {
      return `other ${id}`
    }

    @cache.cached({ this: 'shared', name: 'products' })
    async named(id: number): Promise<string> {
      return `other ${id}`
    }
  }
  return Products
}
