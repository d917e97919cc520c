/** What can be done about failures that are set up rather than met: in words, for a warning. */
import { classNameOf, isError, messageOf } from '../realms/native.ts'

/** What a failure is, so that it is told once, and what to do about it. */
export interface Diagnosis {
  /** The same for all failures of the kind. */
  readonly kind: string
  /** `undefined` if nothing is known that would help. */
  readonly cure: string | undefined
}

/**
 * By what servers and clients say, or how they call their errors; the first that fits. Found by provoking each of them with
 * all clients: only what servers say has a code of its own, clients put other words in its place, and none sets `code`.
 */
const CURES: readonly (readonly [kind: string, says: RegExp, cure: string])[] = [
  [
    'not-connected',
    /client is closed|ClientClosedError|client is offline|Connection is closed|isn't (?:writeable|ready)|reading '(?:master|isReady)'|ClosingError/i,
    'Is the client connected? With redis, did you forget `await client.connect()`? Or was it closed while the cache was in use?',
  ],
  [
    'unreachable',
    /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ECONNRESET|max retries per request|startup nodes|root nodes|refresh slots cache|Socket closed|Disconnects client|TimeoutError|timed out|Timeout waiting|connection error|channel closed|connect failed/i,
    'Does the server run, and is this its address? If it does, the client may tell more by its own error event.',
  ],
  ['password', /NOAUTH|WRONGPASS/, 'Give the client the user and the password of the server.'],
  [
    'protected',
    /DENIED/,
    'The server takes connections from its own machine only, until it has a password or is told otherwise.',
  ],
  [
    'too-many',
    /max number of clients/i,
    'The server takes no more connections: share one client among the caches of a process.',
  ],
  [
    'not-allowed',
    /NOPERM|PermissionDenied|ACL failure|user executing the script can't/i,
    'The user of this connection may not do that. Let it: ACL SETUSER <user> +@connection +@read +@write +@scripting +time +publish +subscribe ~<prefix>* &<prefix>*.',
  ],
  [
    'no-scripts',
    /unknown command.{0,20}\beval/i,
    'This server runs no scripts, which the cache needs for its eviction policy. Enable EVAL and EVALSHA, or take another server.',
  ],
  [
    'old-server',
    /unknown (?:redis )?command/i,
    'The server does not know, or hides, a command that the cache needs. Redis 6.2 or newer has it, and Valkey.',
  ],
  [
    'read-only',
    /READONLY|\bReadOnly:/,
    'The client is connected to a replica, which takes no writes. Connect it to the master, or by sentinels.',
  ],
  [
    'cross-slot',
    /CROSSSLOT|CrossSlot:|non local key/,
    "On a cluster, the keys of a cache have to lie in one slot: leave out { keys: 'plain' } of the policy.",
  ],
  [
    'redirections',
    /Too many Cluster redirections/i,
    "The nodes of the cluster send the command on and on. Leave out { keys: 'plain' } of the policy, if it is there: the keys of a cache have to lie in one slot.",
  ],
  [
    'moved',
    /\bMOVED |Moved:/,
    'This is a node of a cluster. Give the cache a client for clusters: createCluster() of redis, or new Cluster() of ioredis.',
  ],
  [
    'cluster-down',
    /CLUSTERDOWN|ClusterDown:/,
    'A part of the cluster has no master. This may pass with a failover.',
  ],
  [
    'full',
    /\bOOM\b/,
    'The server is full: raise its maxmemory, or bound caches by maxSize and maxValueBytes.',
  ],
  [
    'wrong-type',
    /WRONGTYPE/,
    'Something else uses the keys of the cache. Give the cache another name, or a prefix of its own.',
  ],
  [
    'busy',
    /LOADING|BusyLoading|MASTERDOWN|MasterDown|\bBUSY\b/,
    'The server is starting, or busy. This may pass.',
  ],
  ['disk', /MISCONF/, 'The server cannot save its data, and refuses writes until it can: see its log.'],
  [
    'no-replicas',
    /NOREPLICAS/,
    'The server has too few replicas to take writes: see its min-replicas-to-write.',
  ],
]

/** What failed, and what can be done about it. */
export function cureFor(error: Error): Diagnosis {
  const chain = [error, error.cause].filter(isError)
  const texts = chain.map((each) => `${classNameOf(each)}: ${each.message}`)
  for (const [kind, says, cure] of CURES) if (texts.some((text) => says.test(text))) return { kind, cure }
  const deepest = chain.at(-1) ?? error
  return { kind: `${classNameOf(deepest)} ${codeOf(deepest)}`.trim(), cure: undefined }
}

const codeOf = (error: Error): string => {
  const { code } = error as { readonly code?: unknown }
  return code === undefined ? '' : messageOf(code)
}
