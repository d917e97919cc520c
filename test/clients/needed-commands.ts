/** Every command that a cache sends, or that its scripts execute: without one of them, an event or a rejection tells. */
export const NEEDED_COMMANDS = [
  'eval',
  'evalsha',
  'exists',
  'hdel',
  'hget',
  'hlen',
  'hmget',
  'hscan',
  'hset',
  'persist',
  'pexpire',
  'pttl',
  'sadd',
  'smembers',
  'time',
  'unlink',
  'zadd',
  'zcard',
  'zcount',
  'zmscore',
  'zpopmax',
  'zpopmin',
  'zrange',
  'zrangebylex',
  'zrangebyscore',
  'zrem',
  'zremrangebyscore',
] as const

/** Those that are not missed at once: without messages, whoever waits for another process looks again and again. */
export const QUIETLY_MISSED = [
  'publish',
  'subscribe',
  'unsubscribe',
  'spublish',
  'ssubscribe',
  'sunsubscribe',
] as const

/** Those that the log of changes needs besides: without them it is given up, and near tiers hold nothing. */
export const NEEDED_FOR_CHANGES = ['zremrangebyrank', 'zscore'] as const

/** What some policies need besides, and `maxBytes`. S3-FIFO also needs `ZREMRANGEBYRANK`. */
const NEEDED_BY_SOME = ['get', 'hincrby', 'hstrlen', 'incrby', 'set', 'zrevrangebyscore'] as const

/** What the clients themselves send: to log in, to ask whether the server is ready, and where the nodes of a cluster are. */
const OF_CLIENTS = ['@connection', 'info', 'cluster|slots', 'cluster|info'] as const

/** The permissions that name each command; `<prefix>` stands for the prefix of the caches. */
export const EXACT_PERMISSIONS: string = [
  ...[...OF_CLIENTS, ...NEEDED_COMMANDS, ...NEEDED_FOR_CHANGES, ...NEEDED_BY_SOME, ...QUIETLY_MISSED].map(
    (command) => `+${command}`,
  ),
  '~<prefix>*',
  '&<prefix>*',
].join(' ')
