import type { Lateness } from './protocol.ts'
import type { Kind } from './roster.ts'

/** Who was measured. */
export interface Measured {
  readonly name: string
  readonly kind: Kind
  readonly client: string
}

/** One round of calls; all figures but the first are for one call. */
export interface Round {
  readonly callsPerSecond: number
  readonly clientCpuUs: number
  /** The time of the commands that were sent, by `INFO commandstats`. */
  readonly serverUs: number
  /** How many they were: of calls that travel together, a part each. */
  readonly commands: number
  /** The whole server process. */
  readonly serverCpuUs: number
  readonly bytesToServer: number
  readonly bytesFromServer: number
  /** What each replica is sent; 0 while there is none. */
  readonly replicatedBytes: number
}

/** Rounds of all contenders stand at the same places: those of one place followed close on one another. */
export interface Rounds extends Measured {
  readonly bytes: number
  readonly outstanding: number
  readonly rounds: readonly Round[]
}

/** In microseconds, one of each round. */
export interface LatencyRounds extends Measured {
  readonly p50: readonly number[]
  readonly p99: readonly number[]
  readonly rawP50: readonly number[]
  readonly rawP99: readonly number[]
}

export interface Stampede extends Measured {
  /** Runs of the function in each trial, by number of processes. */
  readonly one: readonly number[]
  readonly four: readonly number[]
}

export interface Growth extends Measured {
  readonly entries: number
  readonly hits: readonly Round[]
  readonly puts: readonly Round[]
}

/** Bytes that a hit allocates. */
export interface Allocation extends Measured {
  readonly heapBytes: number
  readonly bufferBytes: number
}

/** What a policy costs the server, with a replica. */
export interface PolicyCosts extends Measured {
  /** What each replica is sent for the first hit of an entry. */
  readonly firstHitReplicatedBytes: number
  /** Hits of entries that had hits before. */
  readonly hits: readonly Round[]
  readonly puts: readonly Round[]
}

/** What the callers of a near tier get: one object, one that nobody can change, or an object each. */
export type HandOut = 'shared' | 'frozen' | 'copies'

/** Hits in the process, without or with invalidations by another process. */
export interface NearHits extends Measured {
  readonly handOut: HandOut
  readonly bytes: number
  readonly invalidationsPerSecond: number
  readonly rounds: readonly Round[]
}

/** How long after an invalidation had resolved a call still began that got an older value; 0 if none did. */
export interface NearAges extends Measured {
  readonly handOut: HandOut
  readonly invalidations: number
  /** In milliseconds. */
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** How a process fares while another one invalidates as fast as it can, up to the rate that was asked for. */
export interface NearFlood extends Measured {
  readonly handOut: HandOut
  /** Which entries are invalidated: those that the process holds, those that it does not, or none. */
  readonly of: 'held' | 'unknown' | 'none'
  readonly perSecond: number
  /** Processor time for each of them, of a process that does nothing else. */
  readonly cpuUs: number
  /** How late the timers of a process are that makes some calls each millisecond. */
  readonly lateMs: Lateness
}

export interface Near {
  readonly hits: readonly NearHits[]
  readonly ages: readonly NearAges[]
  readonly floods: readonly NearFlood[]
}

/** Who could not be measured, and why. */
export interface Absence {
  readonly name: string
  readonly part: string
  readonly reason: string
}

/** A part of the results that a later run has put in. */
export interface Renewal {
  readonly part: string
  readonly date: string
  readonly isShort: boolean
}

export interface Results {
  readonly date: string
  /** Whether it was a short run: few contenders, and few rounds. */
  readonly isShort: boolean
  readonly machine: {
    readonly cpu: string
    readonly cores: number
    readonly memoryGb: number
    readonly node: string
  }
  readonly server: string
  /** The commit that `before` stands for. */
  readonly before?: string
  readonly versions: Readonly<Record<string, string>>
  readonly hits?: readonly Rounds[]
  readonly latency?: readonly LatencyRounds[]
  readonly puts?: readonly Rounds[]
  readonly allocation?: readonly Allocation[]
  readonly stampede?: readonly Stampede[]
  readonly growth?: readonly Growth[]
  readonly policies?: readonly PolicyCosts[]
  readonly near?: Near
  readonly absent: readonly Absence[]
  readonly seconds: number
  /** Parts that were measured anew since, each in a run of its own. */
  readonly renewed?: readonly Renewal[]
  /** What a reader has to know of this run. Added by hand. */
  readonly note?: string
}

/** Results in which some parts are those of another run. Aims, versions and absences follow. */
export function renewed(old: Results, fresh: Results, parts: readonly (keyof Results)[]): Results {
  const isFresh = (part: string) => parts.some((one) => one === part)
  const { date, isShort } = fresh
  return {
    ...old,
    ...Object.fromEntries(parts.map((part) => [part, fresh[part]])),
    versions: { ...old.versions, ...fresh.versions },
    absent: [...old.absent.filter(({ part }) => !isFresh(part)), ...fresh.absent],
    renewed: [
      ...(old.renewed ?? []).filter(({ part }) => !isFresh(part)),
      ...parts.map((part) => ({ part, date, isShort })),
    ],
  }
}

export const measured = ({ name, kind, client }: Measured): Measured => ({ name, kind, client })
