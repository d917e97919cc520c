/** Policies that decide exactly as another one does, which stands for both: they differ in what they count. */
const ALIKE: Readonly<Record<string, string>> = { lru: 'lru_t', fifo_t: 'fifo' }

/** The `key` of the policy that stands for all that decide as this one does. */
export const decidesAs = (key: string): string => ALIKE[key] ?? key
