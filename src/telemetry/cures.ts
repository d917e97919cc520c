/** What can be done about failures that are set up rather than met: in words, for a warning. */
import { isError, messageOf } from '../realms/native.ts'

/** What a failure is, so that it is told once, and what to do about it. */
export interface Diagnosis {
  /** The same for all failures of the kind. */
  readonly kind: string
  /** `undefined` if nothing is known that would help. */
  readonly cure: string | undefined
}

/** By what servers and clients say; the first that fits. */
const CURES: readonly (readonly [kind: string, says: RegExp, cure: string])[] = [
  [
    'not-connected',
    /The client is closed|ClientClosedError|Connection is closed|isn't writeable|Socket closed unexpectedly|client is offline|ClientOfflineError/i,
    'Is the client connected? With redis, did you forget `await client.connect()`? Was it closed before the cache was done?',
  ],
  [
    'unreachable',
    /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ECONNRESET|MaxRetriesPerRequest|max retries per request|None of startup nodes/i,
    'Does the server run, and is this its address?',
  ],
  [
    'password',
    /NOAUTH|WRONGPASS|invalid username-password|AUTH failed/i,
    'Give the client the password of the server.',
  ],
  [
    'not-allowed',
    /NOPERM|no permissions|ACL failure/i,
    'The user of this connection may not do that. Let him: ACL SETUSER <user> +@read +@write +@scripting +time ~<prefix>* &<prefix>*.',
  ],
  [
    'no-scripts',
    /unknown command.*\b(?:eval|evalsha)\b/i,
    'This server runs no scripts, which the cache needs for its eviction policy. Enable EVAL and EVALSHA, or choose a server that has them.',
  ],
  [
    'old-server',
    /unknown command/i,
    'The server does not know, or hides, a command that the cache needs. It takes Redis 6.2 or newer, or Valkey.',
  ],
  [
    'read-only',
    /READONLY|read only replica/i,
    'The client is connected to a replica, which takes no writes. Connect it to the master, or by sentinels.',
  ],
  [
    'cross-slot',
    /CROSSSLOT|same slot|non local key/i,
    "On a cluster, the keys of a cache have to lie in one slot: leave out { keys: 'plain' } of the policy.",
  ],
  [
    'redirections',
    /Too many Cluster redirections/i,
    "The nodes of the cluster send the command on and on. Leave out { keys: 'plain' } of the policy, if it is there: the keys of a cache have to lie in one slot.",
  ],
  [
    'moved',
    /^.*\b(?:MOVED|CLUSTERDOWN)\b/,
    'This is a node of a cluster. Give the cache a client for clusters: createCluster() of redis, or new Cluster() of ioredis.',
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
  ['loading', /\bLOADING\b|MASTERDOWN|BUSY/, 'The server is starting, or busy. This may pass.'],
  ['disk', /MISCONF/, 'The server cannot save its data, and refuses writes until it can: see its log.'],
]

/** What failed, and what can be done about it. */
export function cureFor(error: Error): Diagnosis {
  const texts = [error, error.cause].filter(isError).map(({ name, message }) => `${name}: ${message}`)
  for (const [kind, says, cure] of CURES) if (texts.some((text) => says.test(text))) return { kind, cure }
  const [last] = [error.cause, error].filter(isError)
  return { kind: `${last?.name} ${codeOf(last)}`, cure: undefined }
}

const codeOf = (error: unknown): string => {
  const { code } = (error ?? {}) as { readonly code?: unknown }
  return code === undefined ? '' : messageOf(code)
}
