// Which partitions are kept, and which are disposed of.
import { describe, expect, test, vi } from 'vitest'
import { LruTPolicy, MemoryStore } from '../../src/index.ts'
import { Background } from '../../src/flow/background.ts'
import { FunctionIdentity } from '../../src/keys/function-identity.ts'
import { Partitions } from '../../src/partitions/partitions.ts'
import { CacheReporter } from '../../src/telemetry/cache-reporter.ts'
import { Counters } from '../../src/telemetry/counters.ts'
import { Events } from '../../src/telemetry/events.ts'

const KEPT = 1_000

/** Partitions of a policy that gives each first argument one of its own. */
class PolicyOfTenants extends LruTPolicy {
  override calcKeys(_fn?: unknown, args: readonly unknown[] = []): readonly [string, string] {
    return [`{${String(args[0])}}:0`, `{${String(args[0])}}:1`]
  }
}

function newPartitions() {
  const counters = new Counters()
  const store = new MemoryStore()
  const partitions = new Partitions<{ readonly hash: string; readonly isTagged: boolean }>({
    stores: { whole: store, ofShard: () => store },
    policy: new PolicyOfTenants(),
    limits: { maxSize: 10, idleTtlMs: 1_000 },
    isIdleTtlFixed: false,
    touchEveryMs: undefined,
    counters,
    background: new Background(),
    report: new CacheReporter('tenants', new Events(), counters),
  })
  const fn = FunctionIdentity.ofKeys({ encoders: [] })
  const of = (tenant: number) => partitions.locate(fn, [tenant]).partition
  const fill = (from: number, to: number) => {
    for (let tenant = from; tenant < to; tenant++) of(tenant)
  }
  return { of, fill }
}

describe('a new partition beyond those that are kept', () => {
  test('disposes of the one that was used least recently', () => {
    const { of, fill } = newPartitions()
    const [first, second] = [of(0), of(1)]
    const close = vi.spyOn(second, 'close')
    fill(2, KEPT)
    of(0)
    of(KEPT)
    expect(close).toHaveBeenCalledOnce()
    expect(of(0)).toBe(first)
    expect(of(1)).not.toBe(second)
  })

  test('disposes of none that has calls in flight, however long ago it was used', () => {
    const { of, fill } = newPartitions()
    const first = of(0)
    const call = { hash: 'a', isTagged: false }
    first.inFlight.start('a', call)
    fill(1, 2 * KEPT)
    expect(of(0)).toBe(first)
    first.inFlight.end('a', call)
    fill(2 * KEPT, 4 * KEPT)
    expect(of(0)).not.toBe(first)
  })
})
