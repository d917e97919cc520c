import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

interface AptSource {
  readonly uri: string
  readonly suite: string
  readonly components: readonly string[]
}

/**
 * The address of the Debian archive this machine uses already, from its apt sources.
 *
 * `apt-get indextargets` would say the same, but only after an update: a fresh image has no package lists.
 *
 * @returns Nothing if the sources name no Debian archive.
 */
export async function debianMirror(codename: string, aptFolder = '/etc/apt'): Promise<string | undefined> {
  const parts = join(aptFolder, 'sources.list.d')
  const names = (await readdir(parts).catch((): string[] => [])).sort()
  const files = [join(aptFolder, 'sources.list'), ...names.map((name) => join(parts, name))]
  const sources: AptSource[] = []
  for (const file of files) {
    const text = await readFile(file, 'utf8').catch(() => '')
    if (file.endsWith('.list')) sources.push(...parseLines(text))
    if (file.endsWith('.sources')) sources.push(...parseStanzas(text))
  }
  // Other vendors have suites of these names too, hence the address must speak of Debian and the machine's own
  // release goes first. A wrong guess does no harm: apt refuses what Debian has not signed.
  const suites = [codename, 'sid', 'unstable', 'testing', 'stable', 'oldstable']
  return sources
    .filter(({ uri, suite, components }) => {
      return suites.includes(suite) && components.includes('main') && /debian/i.test(uri)
    })
    .sort((a, b) => suites.indexOf(a.suite) - suites.indexOf(b.suite))[0]?.uri
}

/** One-line style: `deb [options] uri suite component…`. */
function parseLines(text: string): AptSource[] {
  return text.split('\n').flatMap((line) => {
    const [, uri, suite, components] = /^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+([^#]*)/.exec(line) ?? []
    return uri && suite ? [{ uri, suite, components: words(components) }] : []
  })
}

/** Stanza style (deb822): fields of one or several words, stanzas parted by an empty line. */
function parseStanzas(text: string): AptSource[] {
  const lines = text.split('\n').filter((line) => !line.startsWith('#'))
  return lines
    .join('\n')
    .split(/\n\s*\n/)
    .flatMap((stanza) => {
      const field = (name: string) =>
        words(new RegExp(`^${name}:(.*(?:\\n[ \\t].*)*)`, 'im').exec(stanza)?.[1])
      if (!field('Types').includes('deb') || field('Enabled')[0] === 'no') return []
      const components = field('Components')
      return field('URIs').flatMap((uri) => field('Suites').map((suite) => ({ uri, suite, components })))
    })
}

function words(text: string | undefined): string[] {
  return (text ?? '').split(/\s+/).filter((word) => word !== '')
}
