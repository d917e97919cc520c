import { deepStrictEqual } from 'node:assert'
import { setTimeout as sleep } from 'node:timers/promises'
import { collectAll, collectYoung, withoutCollection } from './collection.ts'
import type { Cached } from './contenders/contender.ts'
import { alternate, atRandom, callAll, callSome, keepCalling, wander } from './load.ts'
import {
  callInTurns,
  callNowAndThen,
  invalidateSteadily,
  rest,
  sharedNowMs,
  watchValues,
} from './near-load.ts'
import type { Answer, Task, TaskName } from './protocol.ts'
import { type Entry, roster } from './roster.ts'
import { makeProduct, type Product } from './values.ts'

/** The process of one contender. It does what its parent asks for, one task after the other, and ends with it. */

/** Values that are put; so many different ones that none is always in the processor's cache. */
const PUT_VALUES = 500

let yields: Entry['yields']
let cached: Cached
let entries = 0
let bytes = 0
let computeMs = 0
let isDated = false
let executed = 0
let ids: Iterator<number, never>
let puts: readonly Product[] = []
let nextNew = 0

const handlers: { readonly [N in TaskName]: (task: Task<N>) => Promise<Answer<N>> } = {
  async open(task) {
    const entry = roster().find(({ name }) => name === task.contender)
    if (entry === undefined) throw new Error(`There is no contender ${task.contender}.`)
    yields = entry.yields
    computeMs = task.computeMs
    isDated = task.isDated ?? false
    resize(task)
    const contender = await entry.load()
    cached = await contender({ url: task.url, entries, nearEntries: entries * 2, compute })
  },

  async resize(task) {
    resize(task)
  },

  async fill({ count, prime }) {
    const { prime: put } = cached
    if (!prime) return callAll((id) => cached.call(id), count)
    if (put === undefined) throw new Error('It has no way to store a value without a lookup.')
    await callAll((id) => put(id, valueOf(id)), count)
  },

  async verify({ calls }) {
    const before = executed
    try {
      await callAll(
        async (id) => deepStrictEqual(await cached.call(id), expectedOf(id)),
        Math.min(calls, entries),
      )
    } catch (error) {
      return `other values: ${String(error)}`
    }
    return executed > before ? `${executed - before} hits ran the function` : undefined
  },

  collect: collectAll,

  async run({ what, outstanding, ms }) {
    const before = executed
    const run = await (what === 'near'
      ? callInTurns(callerOf(what), ms)
      : keepCalling(callerOf(what), outstanding, ms))
    return { ...run, executed: executed - before }
  },

  async allocate({ outstanding, calls }) {
    collectYoung()
    return withoutCollection(async () => {
      const before = process.memoryUsage()
      await callSome(callerOf('hits'), outstanding, calls)
      const after = process.memoryUsage()
      return {
        heapBytes: (after.heapUsed - before.heapUsed) / calls,
        bufferBytes: (after.arrayBuffers - before.arrayBuffers) / calls,
      }
    })
  },

  latency: ({ rawKey, ms }) => alternate(cached, ids, rawKey, ms),

  async stampede({ id, calls, at }) {
    const before = executed
    await sleep(at - Date.now())
    await Promise.all(Array.from({ length: calls }, () => cached.call(id)))
    return executed - before
  },

  async handOut() {
    const [one, other] = [await cached.call(0), await cached.call(0)] as [Product, Product]
    if (one !== other) return 'copies'
    return Object.isFrozen(one) && Object.isFrozen(one.reviews) ? 'frozen' : 'shared'
  },

  async invalidate({ from, ids: count, order, perSecond, ms }) {
    const { invalidate } = cached
    if (invalidate === undefined) throw new Error('It has no way to invalidate.')
    const next = order === 'random' ? atRandom(count) : wander(count)
    return invalidateSteadily((id) => invalidate(from + id), next, perSecond, ms)
  },

  watch: ({ ids: count, ms }) => watchValues((id) => cached.call(id) as Promise<Product>, count, ms),

  async pace({ ids: count, ms }) {
    const some = wander(count)
    return callNowAndThen(() => cached.call(some.next().value), ms)
  },

  rest: ({ ms }) => rest(ms),
}

/** The function that is cached. */
async function compute(id: number): Promise<Product> {
  executed++
  const loadedAtMs = sharedNowMs()
  if (computeMs > 0) await sleep(computeMs)
  const value = valueOf(id)
  return isDated ? { ...value, loadedAtMs } : value
}

function expectedOf(id: number): unknown {
  if (yields === 'nothing') return true
  const value = valueOf(id)
  if (yields === 'value') return value
  const text = JSON.stringify(value)
  return yields === 'text' ? text : Buffer.from(text)
}

function callerOf(what: Task<'run'>['what']): () => Promise<unknown> {
  if (what === 'hits') return () => cached.call(ids.next().value)
  if (what === 'near') return nearHits()
  if (what === 'puts') return () => cached.call(nextNew++)
  const { prime } = cached
  if (prime === undefined) throw new Error('It has no way to store a value without a lookup.')
  return () => prime(nextNew, valueOf(nextNew++))
}

/** A hit that sends nothing is so short that the iterator would be a good part of it. */
function nearHits(): () => Promise<unknown> {
  const order = Int32Array.from({ length: entries }, () => ids.next().value)
  let at = 0
  return () => {
    at = at + 1 < order.length ? at + 1 : 0
    return cached.call(order[at] as number)
  }
}

function resize(task: { entries: number; bytes: number }): void {
  entries = task.entries
  bytes = task.bytes
  ids = wander(entries)
  puts = Array.from({ length: PUT_VALUES }, (_, i) => makeProduct(entries + i, bytes))
  // Of no other run, so that they are misses: the process id keeps the runs apart.
  nextNew = entries + process.pid * 1_000_000_000
}

/** Made on the spot for the entries, and at once for those beyond: their making is not to be measured. */
function valueOf(id: number): Product {
  return id < entries ? makeProduct(id, bytes) : (puts[id % PUT_VALUES] as Product)
}

process.on('message', ({ name, task }: { name: TaskName; task: never }) => {
  const reply = (message: { answer?: unknown; error?: string }) => process.send?.(message)
  handlers[name](task).then(
    (answer) => reply({ answer }),
    (error: unknown) =>
      reply({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  )
})
process.on('disconnect', () => process.exit())
