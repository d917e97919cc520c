// The models of the protocols, in all their states, and with faults in them. `MODELS=all`, which is for every night, searches the
// larger sizes and tries every fault; the ordinary run tries one for each promise that is broken by some.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { FENCE_MUTANTS, type Mutant, mutate, NEAR_MUTANTS } from './mutants.ts'
import { check, findTools, type Tools, type Verdict } from './spin.ts'

/** A model, with what it includes. */
const read = (name: string): string =>
  readFileSync(join(import.meta.dirname, '../../models', name), 'utf8').replace(
    /^#include "(.*)"$/m,
    (_, file: string) => read(file),
  )
const hasAll = process.env['MODELS'] === 'all'
const SIZES = [
  ...(hasAll ? [['CHANGES=3']] : []),
  ['CHANGES=2', 'WRITES'],
  ['CHANGES=2', 'FAILOVER'],
  ['CHANGES=2', 'STAMPS'],
]
const MODELS = [
  { file: 'fence.pml', sizes: [[hasAll ? 'TIMES=5' : 'TIMES=4']], mutants: FENCE_MUTANTS },
  { file: 'near.pml', sizes: SIZES, mutants: NEAR_MUTANTS },
]

/** The first of those that break the same promise is tried at any time. */
const isTried = ({ breaks }: Mutant, i: number, all: readonly Mutant[]): boolean =>
  hasAll || all.findIndex((other) => other.breaks === breaks) === i

let tools: Tools
beforeAll(async () => {
  tools = await findTools()
  if ('reason' in tools && process.env['CI']) throw new Error(`The models cannot be checked: ${tools.reason}`)
}, 60_000)
beforeEach(({ skip }) => {
  if ('reason' in tools) skip(tools.reason)
})
const search = (text: string, defines: readonly string[], isShort: boolean): Promise<Verdict> =>
  check(tools as { spin: string; cc: string }, text, defines, isShort)

describe.each(MODELS)('$file', ({ file, sizes, mutants }) => {
  const model = read(file)
  it.concurrent.each(sizes.map((defines) => ({ defines })))(
    'keeps its promises in all states, with $defines',
    async ({ defines }) => {
      const { broken, states, trail } = await search(model, defines, false)
      expect(broken, trail).toBeUndefined()
      expect(states).toBeGreaterThan(200_000)
    },
  )
  it.concurrent.each(mutants.filter(isTried))('$breaks is broken if $name', async (mutant) => {
    const { broken } = await search(mutate(model, mutant), mutant.defines, true)
    expect(broken).toContain(mutant.breaks)
  })
})
