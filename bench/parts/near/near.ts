import type { Near } from '../../results.ts'
import type { Session } from '../../session.ts'
import { measureNearAges } from './ages.ts'
import { measureNearFloods } from './floods.ts'
import { measureNearHits } from './hits.ts'

/** Hits in the process: how fast they are, how old they may be, and what invalidations by another process cost. */
export async function measureNear(session: Session): Promise<Near> {
  const hits = await measureNearHits(session)
  const ages = await measureNearAges(session)
  const floods = await measureNearFloods(session)
  return { hits, ages, floods }
}
