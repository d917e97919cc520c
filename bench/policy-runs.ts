import { readFile, writeFile } from 'node:fs/promises'
import { loadavg } from 'node:os'
import { machine } from './machine.ts'
import type { MEASURED_POLICIES } from './measured-policies.ts'
import type { Results } from './results.ts'

/** The part of the key names that is a policy's own. */
export type PolicyKey = keyof typeof MEASURED_POLICIES

/** Bytes of Redis that an entry takes. */
export interface EntryMemory {
  readonly noTtl: number
  readonly ttl: number
  readonly grace: number
  readonly tag: number
  /** With a TTL, in a cache that has evicted as many entries as it holds, and whose entries were read. */
  readonly full: number
}

/** What a put takes in a very large cache whose entries were all read before. */
export interface WorstScript {
  /** How many scripts the longest put was divided into. */
  readonly scripts: number
  /** Microseconds of the server's processor time for each script. */
  readonly median: number
  readonly p99: number
  readonly longest: number
}

/** A run of a tool that measures all policies, besides `npm run bench`. */
export interface PolicyRun<Figures> {
  readonly date: string
  readonly machine: Results['machine']
  /** The processes that wanted a core just before. */
  readonly load: number
  readonly server: string
  readonly policies: Readonly<Partial<Record<PolicyKey, Figures>>>
}

export interface PolicyRuns {
  readonly 'entry-memory': PolicyRun<EntryMemory>
  readonly 'worst-script': PolicyRun<WorstScript>
}

const load = loadavg()[0] ?? 0

const fileOf = (name: keyof PolicyRuns): URL => new URL(`./results/${name}.json`, import.meta.url)

export const readRun = async <Name extends keyof PolicyRuns>(name: Name): Promise<PolicyRuns[Name]> =>
  JSON.parse(await readFile(fileOf(name), 'utf8')) as PolicyRuns[Name]

/** Keeps the figures of a run in `bench/results`. */
export async function writeRun<Name extends keyof PolicyRuns>(
  name: Name,
  server: { readonly product: string; readonly version: string },
  policies: PolicyRuns[Name]['policies'],
): Promise<void> {
  const run = {
    date: new Date().toISOString(),
    machine: machine(),
    load,
    server: `${server.product} ${server.version}`,
    policies,
  }
  await writeFile(fileOf(name), `${JSON.stringify(run, null, 2)}\n`)
}
