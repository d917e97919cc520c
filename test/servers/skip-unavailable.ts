import { beforeEach } from 'vitest'
import { reasonForSkipping } from '../server/target.ts'

/** Skips every test of a server that this machine does not have, and says why. */
const reason = reasonForSkipping()
if (reason !== undefined) beforeEach(({ skip }) => skip(reason))
