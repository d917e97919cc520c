import type { Store } from '../../src/store.ts'

type Answer = (error?: unknown) => void

/** A store in which the methods that a test names answer when the test says so: what the store did, or an error. */
export function hanging(store: Store, ...methods: (keyof Store)[]) {
  const held = new Set<PropertyKey>(methods)
  const asked: { readonly method: PropertyKey; readonly answer: Answer }[] = []
  const proxy = new Proxy(store, {
    get(_, name) {
      if (name === 'isInProcess') return false
      const method = Reflect.get(store, name) as unknown
      if (typeof method !== 'function') return method
      return (...args: unknown[]) => {
        const act = (): unknown => Reflect.apply(method, store, args)
        if (!held.has(name)) return act()
        return new Promise((resolve, reject) => {
          const answer: Answer = (error) => (error === undefined ? resolve(act()) : reject(error as Error))
          asked.push({ method: name, answer })
        })
      }
    },
  })
  return {
    store: proxy,
    asked,
    hold: (...more: (keyof Store)[]): void => more.forEach((method) => held.add(method)),
    /** From now on all methods answer at once. */
    free: (): void => held.clear(),
    /** Answers everything that was asked so far. */
    answerAll: (error?: unknown): void => {
      for (const { answer } of asked.splice(0)) answer(error)
    },
  }
}
