/** What a policy finds in scope besides Lua itself: of the prelude, handed over so that it can change none of that. */
const HANDED = 'index, values, structure, ext, CHUNK, digits, slice, now_us, now_ms, move_moment'

/** What only a policy gets that names it: `put` has to look at each result for it. */
const WEIGHTS = ['cost_of', 'bytes_of'] as const

const OPEN_WEIGHTS = [
  'costs, sizes = {}, {}',
  'local function cost_of(hash) return costs[hash] end',
  'local function bytes_of(hash) return sizes[hash] end',
]

/** The functions that a policy makes. */
export const POLICY_FUNCTIONS = ['touch', 'insert', 'evict', 'remove', 'size'] as const

/** The functions that a policy may make besides. */
const OPTIONAL_FUNCTIONS = ['prepare_eviction', 'most_victims'] as const

/** What a policy returns: its functions, and `nil` for an optional one that it does not make. */
const made = (policy: readonly string[]): readonly string[] => [
  ...POLICY_FUNCTIONS,
  ...OPTIONAL_FUNCTIONS.map((name) =>
    policy.some((text) => new RegExp(`\\bfunction ${name}\\b`).test(text)) ? name : 'nil',
  ),
]

/**
 * The script of a policy and a verb. The policy is a function of its own that stands first: its locals hide nothing of the
 * verb, and nothing of the verb is there for it to hide, or to change.
 */
export function scriptOf(prelude: string, policy: readonly string[], verb: readonly string[]): string {
  const weighs = WEIGHTS.some((name) => policy.some((text) => text.includes(name)))
  const handed = weighs ? `${HANDED}, ${WEIGHTS.join(', ')}` : HANDED
  return [
    `local policy = function(${handed})`,
    ...policy,
    `return ${made(policy).join(', ')}`,
    'end',
    prelude,
    ...(weighs ? OPEN_WEIGHTS : []),
    `local ${[...POLICY_FUNCTIONS, ...OPTIONAL_FUNCTIONS].join(', ')} = policy(${handed})`,
    ...verb,
  ].join('\n')
}
