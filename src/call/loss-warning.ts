import type { FunctionIdentity } from '../keys/function-identity.ts'
import { encode, type Encoded, UnstorableError } from '../serializers/encoding.ts'
import { autoSerializer } from '../serializers/formats/auto.ts'
import { findLoss } from '../serializers/loss.ts'
import type { Serializer } from '../serializers/serializer.ts'
import type { Call } from './call.ts'

/** Functions whose results were checked for losses: each function is checked once. */
const checkedForLoss = /* @__PURE__ */ new WeakSet<FunctionIdentity>()
/** Functions of which a warning said that a result cannot be stored at all. */
const warnedOfUnstorable = /* @__PURE__ */ new WeakSet<FunctionIdentity>()

/** Whether a warning has said that results of a function can neither be stored nor shared. */
export const isToldUnstorable = (identity: FunctionIdentity): boolean => warnedOfUnstorable.has(identity)

/** A result that the serializer refused. */
export interface Unencoded {
  readonly stored: undefined
  readonly error: unknown
}

/** Reports a result that cannot be stored, or that does not come back from the store as it was. The caller gets it in any case. */
export function reportLoss(
  call: Call,
  value: unknown,
  encoded: Encoded | Unencoded,
  computeMs: number,
): void {
  const { settings, report } = call.fn
  const { identity } = settings
  if (encoded.stored !== undefined) {
    checkForLoss(call, value, encoded)
  } else if (encoded.error instanceof UnstorableError) {
    const isFirst = !warnedOfUnstorable.has(identity)
    warnedOfUnstorable.add(identity)
    report.unstorable(call, encoded.error.part, isFirst, computeMs)
  } else {
    report.failed(call, 'serialize', encoded.error)
  }
}

function checkForLoss(call: Call, value: unknown, { stored, fidelity }: Encoded): void {
  const { settings, report } = call.fn
  const { identity, serializer } = settings
  if (checkedForLoss.has(identity)) return
  // The check takes far longer than a call. Where it is known which values may lose something, wait for such a value.
  const { losesOnly } = serializer
  if (losesOnly !== undefined && !(fidelity & losesOnly)) return
  checkedForLoss.add(identity)
  const detail = findLoss(serializer, value, stored)
  if (detail === undefined) return
  report.lossy(call, detail, serializer.isLossy ? undefined : isKept(autoSerializer, value))
}

/** Whether a serializer brings a value back as it was. */
function isKept(serializer: Serializer, value: unknown): boolean {
  try {
    return findLoss(serializer, value, encode(serializer, value)) === undefined
  } catch {
    return false
  }
}
