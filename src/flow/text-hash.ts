/**
 * Mixes characters of a text into a number of 32 bits: the same for the same characters.
 *
 * @param hash The number before them.
 */
export function mixed(hash: number, text: string, from: number, to: number): number {
  let result = hash
  for (let i = from; i < to; i++) result = (Math.imul(result, 31) + text.charCodeAt(i)) | 0
  return result
}

/**
 * Spreads mixed numbers over a table whose size is a power of two: the upper bits tell the slot.
 *
 * By the golden ratio. (Knuth, "The Art of Computer Programming", volume 3, section 6.4.)
 */
export const spread = (hash: number): number => Math.imul(hash, 0x9e3779b1)
