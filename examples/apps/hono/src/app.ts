import { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { type RedisFuncCache, StoreError } from 'redis-func-cache'
import * as database from './database.ts'

export function buildApp(cache: RedisFuncCache) {
  const app = new Hono()

  app.get('/articles/:language/:slug', async (c) => {
    const { language, slug } = c.req.param()
    // The key has to name everything that the closure depends on.
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
    // Errors that closures throw arrive here unchanged.
    if (error instanceof HTTPException) return error.getResponse()
    console.error(error)
    // The text is saved, but readers may get the older one until its ttl ends, or until the text is saved again.
    if (error instanceof StoreError) return c.text('The cache could not be told', 503, { 'retry-after': '1' })
    return c.text('Internal server error', 500)
  })

  return app
}
