import { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { type RedisFuncCache, StoreError } from 'redis-func-cache'
import * as database from './database.ts'

export function buildApp(cache: RedisFuncCache) {
  const app = new Hono()

  app.get('/articles/:language/:slug', async (c) => {
    const { language, slug } = c.req.param()
    // The closure knows what to load. The key has to name all that it depends on.
    const article = await cache.getOrSet(
      ['article', language, slug],
      async () => {
        const found = await database.findArticle(slug, language)
        if (found === undefined) throw new HTTPException(404, { message: 'No such article' })
        return { ...found, loadedAt: new Date().toISOString() }
      },
      { ttl: '5m' },
    )
    return c.json(article)
  })

  app.put('/articles/:language/:slug', async (c) => {
    const { language, slug } = c.req.param()
    await database.saveArticle(slug, language, await c.req.json<database.Article>())
    await cache.invalidate(['article', language, slug])
    return c.body(null, 204)
  })

  app.onError((error, c) => {
    // Errors of the closures arrive here as they were thrown.
    if (error instanceof HTTPException) return error.getResponse()
    console.error(error)
    // It is saved, but an older text may be shown for up to the ttl. Saving once more mends that.
    if (error instanceof StoreError) return c.text('The cache could not be told', 503, { 'retry-after': '1' })
    return c.text('Internal server error', 500)
  })

  return app
}
