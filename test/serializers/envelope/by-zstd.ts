import zlib from 'node:zlib'

/** Compresses by zstd, which the types of older versions of Node do not have. */
export const byZstd = (content: Buffer | string): Buffer =>
  (Reflect.get(zlib, 'zstdCompressSync') as (bytes: Buffer) => Buffer)(Buffer.from(content))
