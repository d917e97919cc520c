import { setImmediate as turn } from 'node:timers/promises'
import type { Store } from '../../src/store.ts'

/** What travels, and may be held up on the way. */
const TRAVELS: ReadonlySet<string | symbol> = new Set<keyof Store>([
  'get',
  'put',
  'invalidate',
  'invalidateFunction',
  'invalidateTags',
  'purge',
  'now',
  'lease',
  'renew',
  'release',
  'register',
])

/** A store at the end of a line on which all that travels can be held up, on the way there or back. */
export function slowed(store: Store) {
  const gates = { there: openGate(), back: openGate() }
  let travelling = 0
  let heldUp = 0
  const pass = async (way: keyof typeof gates): Promise<void> => {
    if (!gates[way].isShut) return
    heldUp++
    await gates[way].opened
    heldUp--
  }
  const slow = new Proxy(store, {
    get(_, name) {
      const method = Reflect.get(store, name) as ((...args: unknown[]) => unknown) | undefined
      if (typeof method !== 'function') return method
      if (!TRAVELS.has(name)) return method.bind(store)
      return async (...args: unknown[]) => {
        travelling++
        try {
          await pass('there')
          // What is on its way back does not depend on how it ended.
          const [reply] = await Promise.allSettled([Promise.resolve(method.apply(store, args))])
          await pass('back')
          if (reply.status === 'rejected') throw reply.reason
          return reply.value
        } finally {
          travelling--
        }
      }
    },
  })
  return {
    store: slow,
    hold: (way: keyof typeof gates): void => {
      if (!gates[way].isShut) gates[way] = shutGate()
    },
    free: (): void => {
      gates.there.open()
      gates.back.open()
    },
    isHeld: (): boolean => gates.there.isShut || gates.back.isShut,
    /** Whether nothing travels but what is held up. */
    isQuiet: (): boolean => travelling === heldUp,
  }
}

/** Resolves when nothing travels on these lines but what is held up. */
export async function quiet(lines: readonly { isQuiet(): boolean }[]): Promise<void> {
  for (let turns = 0; turns < 3; ) {
    await turn()
    turns = lines.every((line) => line.isQuiet()) ? turns + 1 : 0
  }
}

const openGate = () => ({ isShut: false, opened: Promise.resolve(), open: () => {} })

function shutGate() {
  let resolve = () => {}
  const opened = new Promise<void>((done) => {
    resolve = done
  })
  const gate = {
    isShut: true,
    opened,
    open: () => {
      gate.isShut = false
      resolve()
    },
  }
  return gate
}
