/** What the process of a contender can be asked for, and what it answers. All of it plain data. */
export interface Tasks {
  /** Loads the contender and connects it. */
  open: {
    task: {
      readonly contender: string
      readonly url: string
      readonly entries: number
      readonly bytes: number
      /** How long the function takes; 0 returns at once. */
      readonly computeMs: number
      /** Whether what it returns tells when it began; default no. */
      readonly isDated?: boolean
    }
    answer: void
  }
  /** From now on the function returns values of this size. */
  resize: { task: { readonly entries: number; readonly bytes: number }; answer: void }
  /** Calls ids from 0 on, so that they are stored; with `prime` stores them without a lookup. */
  fill: { task: { readonly count: number; readonly prime: boolean }; answer: void }
  /** Calls some ids and compares what comes back. Returns what is wrong, and nothing if all is well. */
  verify: { task: { readonly calls: number }; answer: string | undefined }
  /** Calls for a time, with so many outstanding. */
  run: {
    task: {
      /**
       * `hits`: stored ids, one after the other. `puts`: never seen ids. `primes`: the same, without a lookup. `near`: as
       * hits, one at a time, in short turns of the event loop; there may be misses among them.
       */
      readonly what: 'hits' | 'puts' | 'primes' | 'near'
      readonly outstanding: number
      readonly ms: number
    }
    answer: Run
  }
  /** Lets V8 collect the whole heap. */
  collect: { task: Record<string, never>; answer: void }
  /** Calls stored ids, and tells what that allocates. For a process whose young generation holds all of it. */
  allocate: { task: { readonly outstanding: number; readonly calls: number }; answer: Allocated }
  /** One call at a time, beside raw GETs by the same client. */
  latency: { task: { readonly rawKey: string; readonly ms: number }; answer: Latencies }
  /** Many calls of one id at once, at a given time. Returns how often the function ran. */
  stampede: { task: { readonly id: number; readonly calls: number; readonly at: number }; answer: number }
  /** Whether two hits of one id yield one object, and whether it is frozen to its depth. */
  handOut: { task: Record<string, never>; answer: 'shared' | 'frozen' | 'copies' }
  /** Invalidates ids from `from` on, at a rate. */
  invalidate: {
    task: {
      readonly from: number
      readonly ids: number
      readonly order: 'in turn' | 'random'
      readonly perSecond: number
      readonly ms: number
    }
    answer: readonly Invalidation[]
  }
  /** Calls the first ids over and over, each by itself. Returns what was served, and until when. */
  watch: { task: { readonly ids: number; readonly ms: number }; answer: readonly Sighting[] }
  /** A few calls of the first ids each millisecond. */
  pace: { task: { readonly ids: number; readonly ms: number }; answer: Lateness }
  /** Nothing for a time. Returns the processor time that what comes from outside takes, in microseconds. */
  rest: { task: { readonly ms: number }; answer: number }
}

/** By a clock that all processes share. */
export interface Invalidation {
  readonly id: number
  readonly startMs: number
  /** When it resolved. */
  readonly endMs: number
}

/** A value that was served, by the same clock. */
export interface Sighting {
  readonly id: number
  /** When the function began that returned it. */
  readonly loadedAtMs: number
  /** When the last call began that got it. */
  readonly servedMs: number
}

/** How late timers were, in milliseconds. */
export interface Lateness {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

export interface Run {
  readonly calls: number
  readonly elapsedMs: number
  /** Of the whole process, user and system. */
  readonly cpuUs: number
  /** How often the function ran. */
  readonly executed: number
}

/** Bytes of a call. */
export interface Allocated {
  readonly heapBytes: number
  /** Outside of the heap: what Buffers lie in. */
  readonly bufferBytes: number
}

/** In microseconds. */
export interface Latencies {
  readonly hits: { readonly p50: number; readonly p99: number }
  readonly raw: { readonly p50: number; readonly p99: number }
}

export type TaskName = keyof Tasks
export type Task<N extends TaskName> = Tasks[N]['task']
export type Answer<N extends TaskName> = Tasks[N]['answer']
