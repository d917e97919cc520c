import assert from 'node:assert/strict'

/** Fails unless the values are alike down to their classes; unlike `deepStrictEqual`, also of two invalid dates. */
export function assertSame(actual: unknown, expected: unknown): void {
  if (actual instanceof Date && expected instanceof Date && Number.isNaN(expected.getTime())) {
    assert(Number.isNaN(actual.getTime()), 'an invalid date')
  } else if (Array.isArray(actual) && Array.isArray(expected)) {
    assert.equal(actual.length, expected.length)
    assert.deepEqual(Object.keys(actual), Object.keys(expected))
    for (const [i, item] of actual.entries()) assertSame(item, expected[i])
  } else {
    assert.deepStrictEqual(actual, expected)
  }
}

/** Writes over everything in a value that can be written to. */
export function overwrite(value: unknown, seen: Set<unknown> = new Set()): void {
  if (typeof value !== 'object' || value === null || seen.has(value)) return
  seen.add(value)
  if (ArrayBuffer.isView(value)) new Uint8Array(value.buffer, value.byteOffset, value.byteLength).fill(0x58)
  else if (value instanceof ArrayBuffer) new Uint8Array(value).fill(0x58)
  else if (value instanceof Date) value.setTime(0)
  else if (value instanceof Map || value instanceof Set) {
    for (const item of [...value].flat()) overwrite(item, seen)
    value.clear()
  } else {
    for (const [name, item] of Object.entries(value)) {
      overwrite(item, seen)
      Reflect.set(value, name, 'overwritten')
    }
  }
}
