import { OptionError } from '../errors.ts'
import type { AbstractPolicy } from '../policies/policy.ts'
import type { FunctionSettings } from './function-settings.ts'

/**
 * Checks that bare values can tell all that the options of a function need.
 * @throws {OptionError} otherwise.
 */
export function checkBareValues(
  { key, storesBareValues }: AbstractPolicy,
  settings: FunctionSettings,
  hasEnvelope: boolean,
): void {
  if (!storesBareValues) return
  if (hasEnvelope) {
    throw new OptionError(
      `The policy '${key}' stores values bare, and nothing tells whether they are compressed, signed or encrypted: leave out ` +
        'compress, sign and encrypt.',
    )
  }
  const { ttlMs, ttlOf, tags, freshness, cachedErrors, absentMs } = settings
  if ([ttlMs, ttlOf, tags, freshness, cachedErrors, absentMs].every((option) => option === undefined)) return
  throw new OptionError(
    `The policy '${key}' stores values bare, and nothing tells when they end or what their tags are: give ` +
      'ttl: Infinity, and no tags, staleWhileRevalidate, staleIfError, earlyRefresh, cacheErrors or absent.',
  )
}
