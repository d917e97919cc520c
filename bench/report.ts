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
      (results.quick ? ' **A quick try: the figures are noise.**' : ''),
    HOW,
    ...sections,
    `## Versions\n\n${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}.`,
  ].join('\n\n')
  await writeFile(PAGE, `${page}\n`)
}

const HOW = `Each contender has a process of its own, compiled JavaScript run by Node alone, and a database of its own in one
server. They run in turn, round by round, so that noise meets all alike; figures are medians of the rounds, and ratios
are medians of the ratios within a round. Everybody works over Redis alone, without a tier in process, stores the same
JSON, lets entries live for an hour (this library: its cache as a whole; one row gives each entry a TTL), and makes its
keys as its users would. Hits are checked: the values must be equal, and the function must not have run.

- This library gets the clients as they come. node-redis 6 arms a timeout for each command, which costs more than the
  command; the library does without it while connected. cachified and the hand-written caches are given node-redis
  without it, which is the harder comparison; one row shows it as it comes.
- Neighbours that ask for ioredis get version 6 as it comes, bentocache 5, as its peer dependency says. cache-manager and
  cacheable bring node-redis 5 by @keyv/redis. None has its Redis tier bounded by an eviction policy.
- \`raw GET\` decodes nothing; \`undecoded\` is this library with a serializer that ignores what it reads. They show what
  is left besides decoding.`

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await writePage(JSON.parse(await readFile(process.argv[2] ?? fileURLToPath(LATEST), 'utf8')) as Results)
}
