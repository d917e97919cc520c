interface Product {
  readonly id: number
  readonly title: string
}

/** The database of the examples. */
export const db = {
  product: async (id: number): Promise<Product> => ({ id, title: 'A kettle' }),
  page: async (_site: string, page: number): Promise<number[]> => [page],
  titles: async (tenant: string, page: number): Promise<string[]> => [`${tenant} ${page}`],
  report: async (year: number) => ({ year, sum: 1 }),
}
