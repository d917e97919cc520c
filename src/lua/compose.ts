import { PolicyError } from '../errors.ts'
import { POLICY_FUNCTIONS, scriptOf } from './frame.ts'
import { PRELUDE, type Verb, VERBS } from './scripts.generated.ts'

export type { Verb }

/** The texts of the scripts of one policy. */
export type LuaSources = Readonly<Record<Verb, string>>

/**
 * Makes the scripts of a policy from its five functions: `touch(hashes)`, `insert(hashes)`, `evict(count)` (returns the
 * evicted hashes), `remove(hashes)` and `size()`, as `local function`s in Lua 5.1.
 *
 * They find `index` (the key's name), `structure(n)` (the n-th of the policy's further structures), `ext` (the arguments
 * of `calcExtArgs`) and `CHUNK` (how many hashes fit into one command) in scope. At most `CHUNK` hashes come at a time.
 * `cost_of(hash)` and `bytes_of(hash)` tell of an entry that is being stored how long its function took, in milliseconds (at
 * least 1), and how many bytes are stored; of any other entry they return `nil`.
 * The text has a scope of its own: it may call its locals what it likes.
 *
 * Two more functions are optional. `prepare_eviction(count)` returns whether `evict` would find so many victims in a short time.
 * If not, it does a part of the work first, and the put is sent again. It must get there by calls with a `count` of 1.
 * `most_victims()` returns how many victims `evict` finds in a short time, if they are few. Without it, or where it returns `nil`, a
 * script evicts up to 50, and one for each entry that it stores.
 *
 * @param policy The text with these functions, or several that make it up.
 * @throws {PolicyError} for no text, or one that names not all of the functions.
 */
export function composeScripts(policy: string | readonly string[]): LuaSources {
  const texts = typeof policy === 'string' ? [policy] : policy
  if (!Array.isArray(texts) || texts.length === 0) {
    throw new PolicyError(
      'composeScripts: give the Lua text of the five functions of the policy, or an array of texts.',
    )
  }
  const missing = POLICY_FUNCTIONS.filter((name) => !new RegExp(`\\b${name}\\b`).test(texts.join('\n')))
  if (missing.length > 0) {
    throw new PolicyError(
      `composeScripts: the text lacks ${missing.map((name) => `'local function ${name}'`).join(', ')}. A policy is made of ` +
        `five functions: ${POLICY_FUNCTIONS.join(', ')}.`,
    )
  }
  const scripts = Object.entries(VERBS).map(([verb, source]) => [verb, scriptOf(PRELUDE, texts, source)])
  return Object.fromEntries(scripts) as Record<Verb, string>
}

/** The verbs that remove or replace entries. */
const CHANGING: readonly Verb[] = ['put', 'invalidate', 'invalidate-function', 'invalidate-tags', 'purge']

/** Whether scripts keep the log of changes. Those that a policy has made without {@link composeScripts} do not. */
export const composesChanges = (scripts: Readonly<Record<Verb, { readonly source: string }>>): boolean =>
  scripts.listen !== undefined && CHANGING.every((verb) => /\bend_telling\(\)/.test(scripts[verb].source))
