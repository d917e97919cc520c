import type { RedisFuncCache } from '../../src/index.ts'

/** Private methods and class expressions can be decorated in the TC39 way only. */
export function makePrivate(cache: RedisFuncCache, runs: string[]) {
  class Vault {
    @cache.cached({ this: 'shared' })
    async #secret(id: number): Promise<string> {
      runs.push('secret')
      return `secret ${id}`
    }

    @cache.cached({ this: 'shared', name: 'Vault.other' })
    async #other(id: number): Promise<string> {
      runs.push('other')
      return `other ${id}`
    }

    @cache.cached({ this: 'shared' })
    static async #key(id: number): Promise<string> {
      runs.push('key')
      return `key ${id}`
    }

    secret(id: number): Promise<string> {
      return this.#secret(id)
    }

    other(id: number): Promise<string> {
      return this.#other(id)
    }

    static key(id: number): Promise<string> {
      return Vault.#key(id)
    }
  }
  class Safe extends Vault {}
  return { Vault, Safe }
}

export const makeExpression = (cache: RedisFuncCache) => {
  const Named = class {
    @cache.cached({ this: 'shared' })
    async load(id: number): Promise<number> {
      return id
    }
  }
  return Named
}

export const makeNameless = (cache: RedisFuncCache) =>
  class {
    @cache.cached({ this: 'shared' })
    async load(id: number): Promise<number> {
      return id
    }
  }

export const makeNamelessStatic = (cache: RedisFuncCache) =>
  class {
    @cache.cached({ this: 'shared' })
    static async load(id: number): Promise<number> {
      return id
    }
  }

export const makeNamelessNamed = (cache: RedisFuncCache) =>
  class {
    @cache.cached({ this: 'shared', name: 'load' })
    async load(id: number): Promise<number> {
      return id
    }
  }
