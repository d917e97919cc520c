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

export interface Replication extends Measured {
  readonly outstanding: number
  readonly bytesPerHit: number
}

/** Who could not be measured, and why. */
export interface Absence {
  readonly name: string
  readonly part: string
  readonly reason: string
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
  readonly replication?: readonly Replication[]
  readonly absent: readonly Absence[]
  readonly seconds: number
  /** What a reader has to know of this run. Added by hand. */
  readonly note?: string
}

export const measured = ({ name, kind, client }: Measured): Measured => ({ name, kind, client })
