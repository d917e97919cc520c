import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')

/** One full collection, now: what is left of the heap is in use. */
export const collectGarbage = runInNewContext('gc') as () => void
