import type { RedisFuncCache } from '../../src/index.ts'

/**
 * Classes with cached methods, for `decorator.test.ts`. Compiled with decorators of either kind, so that both are held to
 * the same; nothing of it runs but what it is given.
 */
export const list = Symbol('list')

/** Runs of the methods, as they come. */
export type Runs = string[]

export function makeProducts(cache: RedisFuncCache, runs: Runs) {
  class Products {
    readonly tenant: string

    constructor(tenant: string) {
      this.tenant = tenant
    }

    @cache.cached({ this: (self: Products) => self.tenant })
    async list(page: number, size = 10): Promise<string> {
      runs.push(`list ${this.tenant}`)
      return `${this.tenant} ${page} ${size}`
    }

    @cache.cached({ this: 'shared', key: (page: number) => page % 2 })
    async parity(page: number): Promise<number> {
      runs.push('parity')
      return page
    }

    @cache.cached({ this: 'shared' })
    async [list](page: number): Promise<string> {
      runs.push('symbol')
      return `symbol ${page}`
    }

    @cache.cached({ this: 'shared' })
    async 'with a space'(): Promise<string> {
      runs.push('space')
      return 'space'
    }

    @cache.cached({ this: 'shared', name: 'named' })
    async other(): Promise<string> {
      runs.push('other')
      return 'other'
    }

    @cache.cached({ this: (self: typeof Products) => self.name })
    static async find(id: number): Promise<string> {
      runs.push(`find ${this.name}`)
      return `${this.name} ${id}`
    }

    @cache.cached({ this: 'shared' })
    async broken(): Promise<never> {
      runs.push('broken')
      throw new RangeError('broken')
    }

    forget(page: number): Promise<boolean> {
      return cache.method(this as Products, 'list').invalidate(page)
    }
  }
  return Products
}

/** `Used` inherits the method, `Rare` has one of its own above it. */
export function makeFamily(cache: RedisFuncCache, runs: Runs) {
  class Books {
    @cache.cached({ this: 'shared' })
    async title(id: number): Promise<string> {
      runs.push('Books')
      return `title ${id}`
    }

    @cache.cached({ this: 'shared' })
    static async count(): Promise<number> {
      runs.push('count')
      return 3
    }
  }
  class Used extends Books {}
  class Rare extends Books {
    @cache.cached({ this: 'shared' })
    override async title(id: number): Promise<string> {
      runs.push('Rare')
      return `rare ${await super.title(id)}`
    }
  }
  return { Books, Used, Rare }
}

/** A class named like that of {@link makeProducts}, and a method of it too, with other code. */
export function makeNamesake(cache: RedisFuncCache) {
  class Products {
    @cache.cached({ this: 'shared', source: false })
    async list(): Promise<string> {
      return 'namesake'
    }
  }
  return Products
}

/** Another one under the very same identity. */
export function makeTwin(cache: RedisFuncCache) {
  class Products {
    @cache.cached({ this: 'shared', source: false })
    async list(): Promise<string> {
      return 'twin'
    }
  }
  return Products
}

export function makeGenerator(cache: RedisFuncCache) {
  class Pages {
    // @ts-expect-error a generator returns no promise
    @cache.cached({ this: 'shared' })
    async *pages(): AsyncGenerator<number> {
      yield 1
    }
  }
  return Pages
}

type AnyDecorator = (target: unknown, context: unknown, descriptor?: PropertyDescriptor) => void

export function makeGetter(cache: RedisFuncCache) {
  class Sizes {
    @(cache.cached({ this: 'shared' }) as unknown as AnyDecorator)
    get size(): number {
      return 1
    }
  }
  return Sizes
}

export function makeField(cache: RedisFuncCache) {
  class Fields {
    @(cache.cached({ this: 'shared' }) as unknown as AnyDecorator)
    load = async (): Promise<number> => 1
  }
  return Fields
}

/** Cached is what the decorator below makes of the method; the one above hides the cached method. */
export function makeStack(cache: RedisFuncCache, runs: Runs, mark: (text: string) => AnyMark) {
  class Stack {
    @cache.cached({ this: 'shared' })
    @mark('below')
    async above(id: number): Promise<string> {
      runs.push('above')
      return `above ${id}`
    }

    @mark('hides')
    @cache.cached({ this: 'shared' })
    async below(id: number): Promise<string> {
      runs.push('below')
      return `below ${id}`
    }
  }
  class Higher extends Stack {}
  return { Stack, Higher }
}

type Method = (id: number) => Promise<string>

/** A decorator that puts a text before the result. */
export type AnyMark = {
  (method: Method, context: ClassMethodDecoratorContext): Method
  (target: object, name: string | symbol, descriptor: TypedPropertyDescriptor<Method>): void
}
