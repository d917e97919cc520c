import Link from 'next/link'

export default function Home() {
  return (
    <main>
      <h1>Products</h1>
      <Link href="/products/42">Product 42</Link>
    </main>
  )
}
