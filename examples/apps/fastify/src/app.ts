import Fastify, { type FastifyInstance } from 'fastify'
import { createClient } from 'redis'
import { cacheHeaders } from './cache-headers.ts'
import { createCatalog } from './catalog.ts'

const byId = {
  params: { type: 'object', properties: { id: { type: 'integer' } }, required: ['id'] },
} as const

const withProduct = {
  ...byId,
  body: {
    type: 'object',
    properties: { title: { type: 'string' }, price: { type: 'number' } },
    required: ['title', 'price'],
  },
} as const

interface ById {
  Params: { id: number }
}

interface WithProduct extends ById {
  Body: { title: string; price: number }
}

export function buildApp(redisUrl: string): FastifyInstance {
  const app = Fastify({ logger: { level: 'warn' } })

  // Without an offline queue the client fails at once while Redis is down, and calls go on without the cache.
  const client = createClient({ url: redisUrl, disableOfflineQueue: true })
  client.on('error', (error) => app.log.warn(error, 'redis'))
  const { cache, getProduct, listProducts, saveProduct } = createCatalog(client)
  cache.on('error', ({ during, error }) => app.log.warn(error, `cache: ${during}`))

  app.addHook('onReady', async () => {
    // Not awaited: the app can start before Redis does.
    client.connect().catch((error) => app.log.error(error, 'redis'))
  })
  // Runs after the last request was answered.
  app.addHook('onClose', async () => {
    await cache.close()
    await client.close()
  })

  app.get('/products', () => listProducts())

  app.get<ById>('/products/:id', { schema: byId }, async ({ params }, reply) => {
    const result = await getProduct.detailed(params.id)
    reply.headers(cacheHeaders(result))
    return result.value ?? reply.callNotFound()
  })

  app.put<WithProduct>('/products/:id', { schema: withProduct }, async ({ params, body }) => {
    const product = { id: params.id, ...body }
    await saveProduct(product)
    return product
  })

  app.get('/stats', () => cache.stats())

  return app
}
