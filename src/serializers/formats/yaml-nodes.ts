/** A node of a parsed document, or a pair of two nodes: what is used of the classes of the package `yaml`. */
interface YamlNode {
  readonly anchor?: string | undefined
  readonly tag?: string | undefined
  /** What a collection holds: nodes, or pairs. */
  readonly items?: readonly unknown[]
  readonly key?: unknown
  readonly value?: unknown
  /** The name of the anchor that an alias points to. */
  readonly source?: unknown
  /** Finds the node that an alias points to. */
  resolve?: () => unknown
}

export interface YamlDocument {
  readonly contents: unknown
}

const SET = 'tag:yaml.org,2002:set'
const ORDERED_MAP = 'tag:yaml.org,2002:omap'

/**
 * Prepares a parsed document to be turned into a value in a time that grows no faster than its length.
 *
 * A key of an object that is no scalar would be written as text, and that text once more as part of the key around it, which grows
 * exponentially: 500 bytes end the process. Objects have no such keys, so the document was not written here. And an alias
 * would search the whole document for its anchor, although all anchors before it are known.
 *
 * @throws {TypeError} for an object with a key that is no scalar.
 */
export function prepareYaml({ contents }: YamlDocument): void {
  prepare(contents, new Map())
}

function prepare(given: unknown, anchors: Map<string, YamlNode>): void {
  if (typeof given !== 'object' || given === null) return
  const node = given as YamlNode
  if (typeof node.source === 'string' && node.items === undefined && typeof node.resolve === 'function') {
    const target = anchors.get(node.source)
    if (target !== undefined) node.resolve = () => target
    return
  }
  if (node.anchor !== undefined) anchors.set(node.anchor, node)
  if (node.items === undefined) return
  const takesAnyKey = node.tag === SET || node.tag === ORDERED_MAP
  for (const item of node.items) {
    if (!isPair(item)) {
      prepare(item, anchors)
      continue
    }
    if (!takesAnyKey && !isScalar(item.key))
      throw new TypeError('it has an object with a key that is no scalar')
    prepare(item.key, anchors)
    prepare(item.value, anchors)
  }
}

/** Scalars have a `value`, too, but no `key`. */
const isPair = (item: unknown): item is YamlNode => typeof item === 'object' && item !== null && 'key' in item

/** Aliases and collections have no `value` of their own. */
const isScalar = (key: unknown): boolean => typeof key !== 'object' || key === null || 'value' in key
