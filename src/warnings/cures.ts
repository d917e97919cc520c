/** Advice for failures of the store whose cause is the set-up. */
import { StoreError, type StoreFailure } from '../errors.ts'
import { classNameOf, isError } from '../realms/native.ts'

/** The kind of a failure, of which one report is enough, and the advice for it. */
export interface Diagnosis {
  /** A name that all failures of the kind share. */
  readonly kind: string
  /** What to do about the failure; `undefined` if unknown. */
  readonly cure: string | undefined
}

/**
 * The permissions (ACL) that a user of the server needs; `<prefix>` stands for the prefix of the caches.
 * @see https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/
 */
export const PERMISSIONS =
  '+@connection +@read +@write +@scripting +time +publish +subscribe +info +cluster|slots +cluster|info ~<prefix>* &<prefix>*'

/**
 * Patterns for the class name and message of an error and of its cause; the first match counts.
 *
 * They were collected by provoking each failure with every client: only errors of the server begin with a code, and some clients
 * replace the code by words of their own.
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
    'Is the server running at this address? If so, the `error` event of the client may tell more.',
  ],
  ['password', /NOAUTH|WRONGPASS/, 'Give the client the user and the password of the server.'],
  [
    'protected',
    /DENIED/,
    'The server is in protected mode: it accepts connections from its own machine only, until a password is set or protected-mode is off.',
  ],
  [
    'too-many',
    /max number of clients/i,
    'The server accepts no more connections. Share one client among the caches of a process.',
  ],
  [
    'not-allowed',
    /NOPERM|PermissionDenied|ACL failure|user executing the script can't/i,
    `The user of this connection lacks a permission. Grant the permissions with \`ACL SETUSER <user> ${PERMISSIONS}\`.`,
  ],
  [
    'no-scripts',
    /unknown command.{0,20}\beval/i,
    'This server runs no scripts, which the cache needs for its eviction policy. Enable EVAL and EVALSHA, or use a server that supports them.',
  ],
  [
    'old-server',
    /unknown (?:redis )?command/i,
    'This server lacks or has renamed a command that the cache needs. Redis 6.2 or newer and Valkey have it.',
  ],
  [
    'read-only',
    /READONLY|\bReadOnly:/,
    'The client is connected to a replica, which takes no writes. Connect it to the master, or through Sentinel.',
  ],
  [
    'cross-slot',
    /CROSSSLOT|CrossSlot:|non local key/,
    "On a cluster, all keys of a cache must be in one slot. Remove { keys: 'plain' } from the options of the policy.",
  ],
  [
    'redirections',
    /Too many Cluster redirections/i,
    "The cluster redirects the command again and again. All keys of a cache must be in one slot: remove { keys: 'plain' } from the options of the policy, if it is there.",
  ],
  [
    'moved',
    /\bMOVED |Moved:/,
    'This is a node of a cluster. Give the cache a client for clusters: createCluster() of redis, or new Cluster() of ioredis.',
  ],
  [
    'cluster-down',
    /CLUSTERDOWN|ClusterDown:/,
    'A part of the cluster has no master. A failover may repair it; if not, see CLUSTER INFO.',
  ],
  [
    'full',
    /\bOOM\b/,
    'The server is out of memory. Raise its maxmemory, or lower maxBytes, maxSize or maxValueBytes of your caches.',
  ],
  [
    'wrong-type',
    /WRONGTYPE/,
    'Another program uses the keys of the cache for other data. Give the cache another name, or a prefix of its own.',
  ],
  [
    'busy',
    /LOADING|BusyLoading|MASTERDOWN|MasterDown|\bBUSY\b/,
    'The server is starting, or busy with a long command. Try again later.',
  ],
  ['disk', /MISCONF/, 'The server cannot save its data, and refuses writes until it can. See its log.'],
  [
    'no-replicas',
    /NOREPLICAS/,
    'The server has fewer replicas than its min-replicas-to-write, and refuses writes. Start a replica, or lower that number.',
  ],
]

/** Failures that this library itself reports. */
const OF_GUARD: Readonly<Record<Exclude<StoreFailure, 'failed'>, Diagnosis>> = {
  timeout: {
    kind: 'timeout',
    cure:
      'Is the server there, and is the client connected to it? Or is it frozen, overloaded or far away? If it is only slow, give the ' +
      'cache a longer storeTimeout.',
  },
  'out-of-step': {
    kind: 'out-of-step',
    cure: 'Update the client, and the proxy between it and the server if there is one. Opening the connection anew helps for now.',
  },
  open: {
    kind: 'open',
    cure: 'Functions run without the cache until the store answers again; the event `breaker` tells when.',
  },
}

/** Finds the kind of a failure, and the advice for it. */
export function cureFor(error: Error): Diagnosis {
  if (error instanceof StoreError && error.reason !== 'failed') {
    const { kind, cure } = OF_GUARD[error.reason]
    // One report is enough for the failure that opened the breaker and for what that refuses.
    return { kind: error.reason === 'open' && isError(error.cause) ? cureFor(error.cause).kind : kind, cure }
  }
  const chain = [error, error.cause].filter(isError)
  const texts = chain.map((each) => `${classNameOf(each)}: ${each.message}`)
  for (const [kind, says, cure] of CURES) if (texts.some((text) => says.test(text))) return { kind, cure }
  const deepest = chain.at(-1) ?? error
  return { kind: `${classNameOf(deepest)} ${codeOf(deepest)}`.trim(), cure: undefined }
}

/** An error code in words; some clients put the number of a request there. */
const CODE = /^[A-Z][A-Z_]{2,40}$/

const codeOf = (error: Error): string => {
  const { code } = error as { readonly code?: unknown }
  return typeof code === 'string' && CODE.test(code) ? code : ''
}
