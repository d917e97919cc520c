import { buildApp } from './app.ts'

const app = buildApp(process.env.REDIS_URL ?? 'redis://127.0.0.1:6379')

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void app.close())
}

await app.listen({ host: process.env.HOST ?? '127.0.0.1', port: Number(process.env.PORT ?? 3000) })
console.log('listening on', app.listeningOrigin)
