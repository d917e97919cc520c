// Whole request traces through the scripts of a policy: a script that asks the five functions as a put does, many requests at a
// time, since one command for each of them would take minutes.
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { hasTraces, missesOf, TRACES } from '../../scripts/replay.ts'
import { scriptOf } from '../../src/lua/frame.ts'
import { PRELUDE, S3_FIFO, SIEVE } from '../../src/lua/scripts.generated.ts'
import { FIXED_KEYS } from '../../src/stores/redis/keys.ts'
import { requestsOf, traceCases } from '../policies/traces.ts'
import { hasServer, openTarget, POLICIES, type Target, unique } from './target.ts'

const SCRIPTS = { sieve: SIEVE, s3_fifo: S3_FIFO }
type Scripted = keyof typeof SCRIPTS

/** As many requests are replayed by one script. */
const TOGETHER = 5_000

/** ARGV: the size of the cache, then the keys that are asked for. Reply: a hit or a miss for each. */
const REPLAY = `
local size_of_cache = tonumber(ARGV[1])
local outcomes = {}
for i = 2, #ARGV do
  local key = ARGV[i]
  if redis.call('HEXISTS', values, key) == 1 then
    touch({ key })
    outcomes[#outcomes + 1] = '1'
  else
    if redis.call('HLEN', values) == size_of_cache then
      while not prepare_eviction(1) do end
      redis.call('HDEL', values, unpack(evict(1)))
    end
    insert({ key })
    redis.call('HSET', values, key, '')
    outcomes[#outcomes + 1] = '0'
  end
end
return table.concat(outcomes)`

/** Pieces as small as that come to be needed in every trace. */
const withPieces = (texts: readonly string[], piece: number): string[] => {
  const changed = texts.map((text) => text.replace(/local PIECE = \d+/, `local PIECE = ${piece}`))
  expect(changed).not.toEqual(texts)
  return changed
}

/** `TRACES=all`, which is for every night, replays all traces on all servers, and in pieces of two sizes. */
const hasAll = process.env['TRACES'] === 'all'
const isReplayed = hasServer && hasTraces() && (hasAll || inject('server') === 'redis-7.0')

describe.runIf(isReplayed)(`traces of ${TRACES}, by scripts`, () => {
  let target: Target
  beforeAll(async () => {
    target = await openTarget()
  })
  afterAll(() => target.close())

  async function replayByScript(policy: Scripted, texts: readonly string[], size: number, trace: string) {
    const tag = `{${unique('scripted')}}`
    const keys = [...FIXED_KEYS, ...new POLICIES[policy]().structures].map((name) => `${tag}:${name}`)
    const source = scriptOf(PRELUDE, texts, [REPLAY])
    const requests = requestsOf(trace)
    let hits = ''
    for (let start = 0; start < requests.length; start += TOGETHER) {
      const some = requests.slice(start, start + TOGETHER)
      const args = [String(size), ...some, 'PUBLISH', 'nonce']
      hits += String(await target.raw(tag, 'EVAL', source, String(keys.length), ...keys, ...args))
    }
    await target.raw(tag, 'UNLINK', ...keys)
    return hits
  }

  const cases = traceCases().filter(
    ({ policy, trace }) => policy in SCRIPTS && (hasAll || trace === 'multi3'),
  )
  test.each(cases)('$trace, $size entries, $policy: $misses misses', { timeout: 60_000 }, async (wanted) => {
    const { trace, size } = wanted
    const policy = wanted.policy as Scripted
    const hits = await replayByScript(policy, SCRIPTS[policy], size, trace)
    const sha256 = createHash('sha256').update(hits).digest('hex')
    expect({ misses: missesOf(hits), sha256 }).toEqual({ misses: wanted.misses, sha256: wanted.sha256 })
  })

  test.each(cases.filter(({ trace }) => trace === 'multi3'))(
    '$trace, $size entries, $policy: the same in small pieces',
    async (wanted) => {
      const { trace, size } = wanted
      const policy = wanted.policy as Scripted
      for (const piece of hasAll ? [1, 7] : [1]) {
        const hits = await replayByScript(policy, withPieces(SCRIPTS[policy], piece), size, trace)
        expect(missesOf(hits)).toBe(wanted.misses)
      }
    },
  )
})
