import { getProduct } from '@/lib/products'

export default async function ProductPage({ params }: PageProps<'/products/[id]'>) {
  const { id } = await params
  const product = await getProduct(Number(id))
  return (
    <main>
      <h1>{product.title}</h1>
      <p>
        loaded at <time>{product.loadedAt}</time>
      </p>
    </main>
  )
}
