/** Milliseconds by the clock that all processes of a machine share (`CLOCK_MONOTONIC`), and that never goes back. */
export function sharedMs(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1_000 + nanoseconds / 1e6
}
