/**
 * What stands in place of `src/flow/timers.ts` in tests of the parts of flow: the timers of the program, which Vitest
 * replaces by its own.
 */
type Timers = typeof import('../../src/flow/timers.ts')

type Act = (...args: unknown[]) => void

export const setTimeout = ((act: Act, ms?: number, ...args: unknown[]) =>
  globalThis.setTimeout(() => act(...args), ms)) as unknown as Timers['setTimeout']
export const clearTimeout: Timers['clearTimeout'] = (timer) => globalThis.clearTimeout(timer)
export const setInterval = ((act: Act, ms?: number, ...args: unknown[]) =>
  globalThis.setInterval(() => act(...args), ms)) as unknown as Timers['setInterval']
export const clearInterval: Timers['clearInterval'] = (timer) => globalThis.clearInterval(timer)
export const setImmediate = ((...args: Parameters<typeof globalThis.setImmediate>) =>
  globalThis.setImmediate(...args)) as unknown as Timers['setImmediate']
export const nextTick: Timers['nextTick'] = (...args) => process.nextTick(...args)
export const monotonicMs: Timers['monotonicMs'] = () => performance.now()
export const wallMs: Timers['wallMs'] = () => Date.now()
