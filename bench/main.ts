import { mkdir, writeFile } from 'node:fs/promises'
import { readArguments } from '../scripts/read-arguments.ts'
import { findServers, type ServerBinary } from '../test/servers/binaries.ts'
import { PARTS, readWish, USAGE, type Wish } from './command-line.ts'
import { machine, versions } from './machine.ts'
import { compile, compileEarlier, installNeighbours } from './prepare.ts'
import { writePolicyPage } from './policy-page.ts'
import { LATEST, readLatest, tablesOf, writePage } from './report.ts'
import { type Absence, type Results, renewed } from './results.ts'
import { BEFORE, type PartName } from './roster.ts'
import { Session } from './session.ts'

const PARTIAL = new URL('./dist/partial.json', import.meta.url)

const wish = readArguments(readWish, USAGE)
if (wish !== undefined) await bench(wish)

async function bench(wish: Wish): Promise<void> {
  await installNeighbours()
  await compile()
  // Both the roster and the processes of the contenders look here for the earlier library.
  if (wish.before !== undefined) process.env[BEFORE] = await compileEarlier(wish.before)
  const start = performance.now()
  const server = await chooseServer(wish.server)
  const absent: Absence[] = []
  const measured: Partial<Results> = {}
  for (const part of wish.parts) {
    Object.assign(measured, { [part]: await measure(part, server, wish, absent) })
  }
  const results: Results = {
    date: new Date().toISOString(),
    isShort: wish.effort.isShort,
    machine: machine(),
    server: `${server.product} ${server.version}`,
    ...(wish.before !== undefined && { before: wish.before }),
    versions: await versions(),
    ...measured,
    absent,
    seconds: Math.round((performance.now() - start) / 1000),
  }
  console.log(`\n${tablesOf(results)}\n`)
  await keep(results, wish)
}

async function measure(
  part: PartName,
  server: ServerBinary,
  { effort }: Wish,
  absent: Absence[],
): Promise<unknown> {
  const start = performance.now()
  await using session = await Session.open(part, server.server, effort)
  const result = await partOf(part, session, server.server)
  absent.push(...session.absent)
  console.log(`${part}: ${Math.round((performance.now() - start) / 1000)} s`)
  return result
}

/** Loaded when it is its turn, and so after the neighbours are installed. */
async function partOf(part: PartName, session: Session, binary: string): Promise<unknown> {
  switch (part) {
    case 'hits':
      return (await import('./parts/hits.ts')).measureHits(session)
    case 'latency':
      return (await import('./parts/latency.ts')).measureLatency(session)
    case 'puts':
      return (await import('./parts/puts.ts')).measurePuts(session)
    case 'allocation':
      return (await import('./parts/allocation.ts')).measureAllocation(session)
    case 'stampede':
      return (await import('./parts/stampede.ts')).measureStampede(session)
    case 'growth':
      return (await import('./parts/growth.ts')).measureGrowth(session)
    case 'policies':
      return (await import('./parts/policies.ts')).measurePolicies(session, binary)
    case 'near':
      return (await import('./parts/near/near.ts')).measureNear(session)
  }
}

async function chooseServer(name: string | undefined): Promise<ServerBinary> {
  const found = await findServers()
  const chosen = name === undefined ? found[0] : found.find((server) => server.name === name)
  if (chosen !== undefined) return chosen
  const names = found.map((server) => server.name).join(', ')
  throw new Error(
    names === ''
      ? 'There is no redis-server or valkey-server: npx tsx scripts/servers.ts install'
      : `There is no server ${name}, but ${names}.`,
  )
}

async function keep(results: Results, { before, out, parts, effort, isKept }: Wish): Promise<void> {
  const isOfAll = effort.who === '' && before === undefined
  const isFull = isOfAll && !effort.isShort && parts.length === PARTS.length
  if (isKept && !isOfAll) throw new Error('Results of some contenders do not replace those of all.')
  if (out !== undefined) await writeFile(out, `${JSON.stringify(results)}\n`)
  const isForPage = isFull || isKept
  if (isForPage) {
    const whole = isFull ? results : renewed(await readLatest(), results, parts)
    await writeFile(LATEST, `${JSON.stringify(whole)}\n`)
    await writePage(whole)
    await writePolicyPage()
  } else {
    await mkdir(new URL('.', PARTIAL), { recursive: true })
    await writeFile(PARTIAL, `${JSON.stringify(results)}\n`)
  }
  console.log(
    `Written: ${isForPage ? 'bench/results/latest.json, docs/performance.md and docs/policies.md' : 'bench/dist/partial.json'}`,
  )
}
