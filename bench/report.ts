import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Results } from './results.ts'
import { sectionsOf } from './sections.ts'

const LATEST = new URL('./results/latest.json', import.meta.url)
const PAGE = new URL('../docs/performance.md', import.meta.url)

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
    `Measured on ${results.date.slice(0, 10)} by \`npm run bench\`: ${machine.cores} cores of ${machine.cpu}, ` +
      `${machine.memoryGb} GB, Node ${machine.node}, ${results.server} on loopback, ${results.seconds} seconds in all.` +
      (results.isShort ? ' **A short run: few contenders, few rounds.**' : ''),
    HOW,
    ...sections,
    WHY,
    `## Versions\n\n${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}.`,
  ].join('\n\n')
  await writeFile(PAGE, `${page}\n`)
}

const HOW = `Each contender has a process of its own, compiled JavaScript run by Node alone, and a database of its own in one
server. They run in turn, round by round, each after a lead that is not measured, so that noise meets all alike; figures
are medians of the rounds, and ratios are medians of the ratios within a round. Everybody works over Redis alone, without
a tier in process, stores the same JSON, lets entries live for an hour (this library: the keys of its cache; one row gives
each entry a TTL), and makes its keys as its users would. Hits are checked: the values must be equal, and the function
must not have run.

- This library gets the clients as they come. node-redis 6 arms a timeout for each command, which costs more than the
  command; the library does without it while connected. cachified and the hand-written caches are given node-redis
  without it, which is the harder comparison; one row shows it as it comes.
- Neighbours that ask for ioredis get version 6 as it comes, bentocache 5, as its peer dependency says. cache-manager and
  cacheable bring node-redis 5 by @keyv/redis. None has its Redis tier bounded by an eviction policy.
- \`raw GET\` decodes nothing; \`undecoded\` is this library with a serializer that ignores what it reads. They show what
  is left besides decoding.`

/** What a profile and the parts measured one by one showed on 2026-11-23, on the machine named above. */
const WHY = `## Where the time goes

What lies between the aims and the figures, measured part by part beside this run (medians; the parts do not add up
exactly, since garbage is collected when all of them run together):

- **Client, a hit in a batch.** The library's own JavaScript takes 1.7 to 2.1 µs, with a store that answers at once: 0.6 of
  it for the key, the rest for the call, its promise and the batch. \`HMGET\` and \`ZADD\` for 64 entries cost the client
  alone 2.8 to 3.6 µs a hit, on node-redis and on ioredis alike, \`HMGET\` alone 1.5 to 2.8: a raw \`GET\` costs node-redis as
  much. A hit leaves 3 KB of garbage, a sixth of it the texts of the commands. Tried and dropped: remembering call
  hashes (slower for 10,000 keys), strings instead of buffers, a larger young generation (no gain).
- **A lone hit** is one command, \`HMGET\`, which takes 1.03 to 1.1 times as long as a \`GET\`, and 1.1 to 1.2 times with its
  value decoded. The rest is JavaScript that runs cold, since all else waits for the network: 7 µs until the call is
  under way, half of it for the key, 2 µs until the client has the command, 4 µs for the way back besides decoding.
  How much that is of a raw \`GET\` depends on the mood of the network: where one takes 30 µs it weighs three times what it
  does at 100 µs, and three runs of this page on one day came to 1.3 to 1.65 times on node-redis, 1.2 to 1.7 on ioredis.
  Tried: \`HGET\` for a single entry (no gain). Telling the policy in the same write, and asking for the time each time, made
  it 1.6 to 1.85 times. Functions with a \`ttl\` ask for the end of the entry and for the time.
- **Server, a hit.** Half of it is \`HMGET\`, half the move to the newest end. That move is what grows with the number of
  entries: it walks a skip list that no longer fits into the caches of the processor. \`touch: { every }\` spares it.
- **A put.** 7 to 8 µs an entry in a batch of 64, of which the commands are 3: the value passes through Lua, which is the
  price of refusing it there if it was invalidated meanwhile. Tried: one \`HSET\` for the whole batch (no gain).`

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await writePage(JSON.parse(await readFile(process.argv[2] ?? fileURLToPath(LATEST), 'utf8')) as Results)
}
