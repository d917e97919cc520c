/**
 * A validator after the Standard Schema: zod, valibot, arktype and others have one. Only what is used of it stands here.
 *
 * @see https://standardschema.dev
 */
export interface StandardSchema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    validate(value: unknown): SchemaResult<Output> | Promise<SchemaResult<Output>>
  }
}

/** The value as the schema gives it, or what is wrong with it. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string }[] }

/** What passed, or why it did not. */
export type Checked = { readonly value: unknown } | { readonly issues: readonly string[] }

/** Checks a stored result; one that does not pass may be mended, and is checked again. */
export async function checkBySchema(
  schema: StandardSchema,
  migrate: ((value: never) => unknown) | undefined,
  stored: unknown,
): Promise<Checked> {
  const first = await schema['~standard'].validate(stored)
  if (first.issues === undefined) return first
  if (migrate !== undefined) {
    const second = await schema['~standard'].validate(await migrate(stored as never))
    if (second.issues === undefined) return second
  }
  return { issues: first.issues.map(({ message }) => message) }
}
