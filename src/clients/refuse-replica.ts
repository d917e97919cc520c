import { OptionError } from '../errors.ts'

/**
 * Refuses a client of a replica: it could store nothing, and what it reads may be from before an invalidation.
 *
 * @param option The option of the client by which that is known; `undefined` if it shows none.
 * @throws {OptionError}
 */
export function refuseReplica(option: string | undefined): void {
  if (option === undefined) return
  throw new OptionError(
    `client: this client is one of a replica (${option}). A replica stores nothing, and may serve what was invalidated. ` +
      'Give a client of the primary, without this option.',
  )
}
