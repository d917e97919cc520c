/** Started by `start-server.test.ts`, to be killed: starts the server given as argument and never stops it. */
import { startServer } from './start-server.ts'

const server = await startServer(process.argv[2] ?? 'redis-server')
console.log(JSON.stringify({ pid: server.pid, folder: server.folder }))
setInterval(() => {}, 60_000)
