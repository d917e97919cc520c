/** Keys that stand for a policy with options. */
const WITH_OPTIONS: Readonly<Record<string, string>> = {
  lfu_da: 'LfuPolicy({ aging: true })',
  cost_size: "CostPolicy({ weigh: 'cost/size' })",
}

/**
 * How users write the policy that has a key: `LruTPolicy` for `lru_t`.
 *
 * It is not the name of the class, which bundlers may have changed.
 */
export const writtenName = (key: string): string =>
  WITH_OPTIONS[key] ??
  `${key.replaceAll(/(?:^|[_-])(\w)/g, (_, letter: string) => letter.toUpperCase())}Policy`
