/**
 * What stands in place of `src/flow/timers.ts` in tests of the parts of flow: the timers of the program, which Vitest
 * replaces by its own.
 */
type Timers = typeof import('../../src/flow/timers.ts')

export const setTimeout = ((...args: Parameters<typeof globalThis.setTimeout>) =>
  globalThis.setTimeout(...args)) as unknown as Timers['setTimeout']
export const clearTimeout: Timers['clearTimeout'] = (timer) => globalThis.clearTimeout(timer)
export const setInterval = ((...args: Parameters<typeof globalThis.setInterval>) =>
  globalThis.setInterval(...args)) as unknown as Timers['setInterval']
export const clearInterval: Timers['clearInterval'] = (timer) => globalThis.clearInterval(timer)
export const setImmediate = ((...args: Parameters<typeof globalThis.setImmediate>) =>
  globalThis.setImmediate(...args)) as unknown as Timers['setImmediate']
export const nextTick: Timers['nextTick'] = (...args) => process.nextTick(...args)
export const monotonicMs: Timers['monotonicMs'] = () => performance.now()
