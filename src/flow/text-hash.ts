/**
 * Hashes a part of a text into a number of 32 bits.
 *
 * @param hash The number to begin with, such as the hash of the text before this part.
 * @param from The index of the first character.
 * @param to The index after the last character.
 */
export function mixed(hash: number, text: string, from: number, to: number): number {
  let result = hash
  for (let i = from; i < to; i++) result = (Math.imul(result, 31) + text.charCodeAt(i)) | 0
  return result
}

/**
 * Spreads hashes evenly over a table whose size is a power of two. The upper bits of the result are the slot.
 *
 * This multiplies by the golden ratio. (Knuth, "The Art of Computer Programming", volume 3, section 6.4.)
 */
export const spread = (hash: number): number => Math.imul(hash, 0x9e3779b1)
