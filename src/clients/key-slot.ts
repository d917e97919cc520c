/** How many slots a cluster has. */
const SLOTS = 16_384

/** CRC16-CCITT (XMODEM) of every byte. */
const crc16Table = (): Uint16Array =>
  Uint16Array.from({ length: 256 }, (_, byte) => {
    let crc = byte << 8
    for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0)
    return crc
  })

let crc16: Uint16Array | undefined

/**
 * Calculates the cluster slot of a key. If there is text between the first `{` and the next `}`, only that text counts.
 *
 * @see https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#key-distribution-model
 */
export function keySlot(key: string): number {
  const open = key.indexOf('{')
  const close = open === -1 ? -1 : key.indexOf('}', open + 1)
  const bytes = Buffer.from(close > open + 1 ? key.slice(open + 1, close) : key)
  crc16 ??= crc16Table()
  let crc = 0
  for (const byte of bytes) crc = ((crc << 8) & 0xffff) ^ (crc16[(crc >> 8) ^ byte] as number)
  return crc % SLOTS
}
