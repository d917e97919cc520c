import process from 'node:process'
import { createClient } from 'redis'

const url = process.env.REDIS_URL

/** Not yet connected; `undefined` if there is no server. */
export const client = url ? createClient({ url }).on('error', (error) => console.error(error)) : undefined
