import { getProduct } from '@/lib/products'

export async function GET(_request: Request, { params }: RouteContext<'/api/products/[id]'>) {
  const { id } = await params
  return Response.json(await getProduct(Number(id)))
}

/** Invalidates the product; to be called after it has changed. */
export async function POST(_request: Request, { params }: RouteContext<'/api/products/[id]'>) {
  const { id } = await params
  return Response.json({ invalidated: await getProduct.invalidate(Number(id)) })
}
