/** What a policy finds in scope besides Lua itself: of the prelude, handed over so that it can change none of that. */
const HANDED = 'index, values, structure, ext, CHUNK, digits, slice, now_us, now_ms, move_moment'

/** The functions that a policy makes. */
export const POLICY_FUNCTIONS = ['touch', 'insert', 'evict', 'remove', 'size'] as const

const MADE = POLICY_FUNCTIONS.join(', ')

/**
 * The script of a policy and a verb. The policy is a function of its own that stands first: its locals hide nothing of the
 * verb, and nothing of the verb is there for it to hide, or to change.
 */
export const scriptOf = (prelude: string, policy: readonly string[], verb: readonly string[]): string =>
  [
    `local policy = function(${HANDED})`,
    ...policy,
    `return ${MADE}`,
    'end',
    prelude,
    `local ${MADE} = policy(${HANDED})`,
    ...verb,
  ].join('\n')
