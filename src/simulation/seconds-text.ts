/** Writes seconds with as many digits as tell something. */
export function secondsText(seconds: number): string {
  const digits = seconds >= 100 ? 0 : seconds >= 10 ? 1 : 3
  return `${seconds.toLocaleString('en', { maximumFractionDigits: digits })} s`
}
