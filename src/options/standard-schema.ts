/**
 * A schema of zod, valibot, arktype or another library that implements the Standard Schema; declared as far as it is used here.
 *
 * @see https://standardschema.dev
 */
export interface StandardSchema<Output = unknown> {
  /** The interface that the Standard Schema prescribes. */
  readonly '~standard': {
    /** The version of the standard. */
    readonly version: 1
    /** The name of the library, such as `'zod'`. */
    readonly vendor: string
    /** Validates a value; returns what the schema makes of it, or what is wrong with it. */
    validate(value: unknown): SchemaResult<Output> | Promise<SchemaResult<Output>>
  }
}

/** The outcome of a validation: the value that the schema produced, or the issues it found. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string }[] }

/** A stored result that passed its schema, or the messages that say why it did not. */
export type Checked = { readonly value: unknown } | { readonly issues: readonly string[] }

/** Checks a stored result; one that does not pass is given to `migrate`, if there is one, and checked again. */
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
