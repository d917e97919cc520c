/** How many slots a cluster has. */
export const SLOTS = 16_384

/** CRC16-CCITT (XMODEM) of every byte. */
const crc16Table = (): Uint16Array =>
  Uint16Array.from({ length: 256 }, (_, byte) => {
    let crc = byte << 8
    for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0)
    return crc
  })

let table: Uint16Array | undefined

/**
 * Calculates the CRC16 of bytes.
 *
 * @param bytes A text with one character for each byte.
 * @param before The CRC16 of what comes before them.
 */
export function crc16(bytes: string, before: number = 0): number {
  table ??= crc16Table()
  let crc = before
  for (let i = 0; i < bytes.length; i++) {
    crc = ((crc << 8) & 0xffff) ^ (table[(crc >> 8) ^ bytes.charCodeAt(i)] as number)
  }
  return crc
}

/** The UTF-8 of a text, one character for each byte. */
export const utf8Of = (text: string): string =>
  /[^\0-\x7f]/.test(text) ? Buffer.from(text).toString('latin1') : text

/**
 * Calculates the cluster slot of a key. If there is text between the first `{` and the next `}`, only that text counts.
 *
 * @see https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#key-distribution-model
 */
export function keySlot(key: string): number {
  const open = key.indexOf('{')
  const close = open === -1 ? -1 : key.indexOf('}', open + 1)
  return crc16(utf8Of(close > open + 1 ? key.slice(open + 1, close) : key)) % SLOTS
}
