import { readFile, writeFile } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import type { Renewal, Results } from './results.ts'
import { sectionsOf } from './sections.ts'
import { summaryOf } from './summary.ts'

/** Results of the last full run. */
export const LATEST = new URL('./results/latest.json', import.meta.url)
const PAGE = new URL('../docs/performance.md', import.meta.url)

export const readLatest = async (): Promise<Results> => JSON.parse(await readFile(LATEST, 'utf8')) as Results

/** The tables alone, as printed at the end of a run. */
export function tablesOf(results: Results): string {
  return sectionsOf(results)
    .map(({ title, table }) => `${title}\n\n${table}`)
    .join('\n\n')
}

/** Writes docs/performance.md from results. */
export async function writePage(results: Results): Promise<void> {
  const { machine, versions } = results
  const sections = sectionsOf(results).map(({ title, text, table }) => `## ${title}\n\n${text}\n\n${table}`)
  const page = [
    '# Performance',
    '<!-- Written by `npm run bench` from bench/results/latest.json: what is changed here is lost. -->',
    INTRODUCTION,
    summaryOf(results),
    '## How this was measured',
    `On ${results.date.slice(0, 10)} by \`npm run bench\`: ${machine.cores} cores of ${machine.cpu}, ` +
      `${machine.memoryGb} GB, Node ${machine.node}, ${results.server} on loopback, ${results.seconds} seconds in all.` +
      (results.note === undefined ? '' : ` **${results.note}**`) +
      (results.isShort ? ' **A short run: few contenders, few rounds.**' : '') +
      (results.renewed ?? []).map(renewal).join(''),
    HOW,
    ...sections,
    WHY,
    `## Versions\n\n${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}.`,
  ].join('\n\n')
  await writeFile(PAGE, `${page}\n`)
}

const renewal = ({ part, date, isShort }: Renewal): string =>
  ` The part \`${part}\` is of a ${isShort ? 'short ' : ''}run of its own on ${date.slice(0, 10)}.`

const INTRODUCTION = `How fast this library is beside other caches over Redis and beside \`GET\` by hand, and what it costs the client and the server: for
those who choose a cache, a client or a policy.`

const HOW = `Each contender has a process of its own, compiled JavaScript run by Node alone, and a database of its own in one
server. They run in turn, round by round, so that noise affects all of them equally. Before the rounds each one is warmed up, and
V8 has collected its whole heap, with a large Buffer in it: programs that run for long have such collections, and
[they change what code costs](graveyard.md#map-for-what-changes-all-the-time). Each round begins with a tenth of a second that is not
measured. Figures are medians of the rounds, and ratios are medians of the ratios within a round. **Ratios are more reliable than
figures**, since the machine is shared. Every contender stores the same JSON with a TTL of an hour, and makes its keys as its users
would. All use Redis alone, without a cache in process, except the rows and tables of “near” hits. Hits are checked: the values must be
equal, and the function must not have run.

- This library gets the clients with their default options. node-redis 6 sets a timeout for each command, which takes more time than
  the command; the library turns it off while connected. cachified and the hand-written caches get node-redis without this
  timeout, which makes them faster; only the row “as it comes” has it.
- \`node-redis\` and \`ioredis\` are versions 6. bentocache gets ioredis 5, as its peer dependency says. cache-manager,
  cacheable and keyv use node-redis 5 by @keyv/redis. None of the other libraries has a bound and an eviction policy in Redis.
- \`raw GET\` decodes nothing; \`undecoded\` is this library with a serializer that ignores what it reads, as text or as
  Buffers. They show the cost of everything but decoding.
- \`npm run bench -- --short --before COMMIT\` measures an earlier commit beside the present state.`

/** What was measured part by part beside runs of the bench, and is not measured by it. */
const WHY = `## Where the time goes

- **Reading the socket and writing to it** takes time in every client. A raw \`GET\` that is not decoded shows how much.
- **The key.** The canonical text of the arguments is digested by SHA-256, which takes 0.44 µs. Digests of short arguments are
  remembered in a table of 32,768 slots. To read one from the table takes 0.03 µs with 1,000 keys in turn, and 0.08 µs with 10,000.
  With 100,000 keys in turn, digest and table take 0.10 µs more than the digest alone.
- **Garbage.** A \`Map\` whose members change by the thousand is slow: V8 keeps old tables of the \`Map\` linked to the new ones,
  so that minor collections copy dead objects. Calls in flight, deadlines and reports of reads are therefore kept in other structures
  (\`src/flow/short-lived-map.ts\`).
- **Buffers.** A value that arrives as a Buffer keeps alive the 64 KB that were read from the socket. Text does not.
- **ioredis on Node 24.** After the first collection of the whole heap, each minor collection keeps 9 to 14 of 64 MB although nothing refers to
  them. The same happens without this library, where lookups of 64 entries by \`HMGET\` are sent by hand. node-redis is not affected, nor is Node 20.
- **The deadline and the circuit breaker** guard each batch of lookups. They take about one microsecond of 22 if calls are made
  one at a time. With 64 or more calls outstanding, which share a batch, builds with and without them showed no difference beyond
  noise.
- **A put.** The value passes through Lua, so that the server can refuse it if it was invalidated meanwhile, or if a load that
  began later was stored first. The process sends the value with its metadata: to join the two in Lua took a quarter of the time of
  a put.
- **Turns.** The results of two full batches of lookups are used in different turns of the event loop, also if they arrive together.
  So the server works on the puts of one batch while the process uses the next one.
- **Promises of a miss.** While functions run, an \`AsyncLocalStorage\` records in which run a call is made, so that a call that would
  wait for itself is recognized. Up to Node 22 this makes each promise of the process slower, also those of your functions: about a
  tenth of the time of a miss. If all calls are hits, it is off.`

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const path = process.argv[2]
  await writePage(
    path === undefined ? await readLatest() : (JSON.parse(await readFile(path, 'utf8')) as Results),
  )
}
