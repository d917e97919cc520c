/** A trace that cannot be read. Its message says where, and what was expected. */
export class TraceError extends Error {
  override readonly name = 'TraceError'
}
