import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { debianMirror } from './debian-mirror.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'debian-mirror-'))
  await mkdir(join(folder, 'sources.list.d'))
})
afterEach(() => rm(folder, { recursive: true }))

const OTHERS =
  'deb [arch=amd64] https://vendor.example/debian stable main\ndeb https://vendor.example/apt bookworm main\n'

it('finds the archive in one-line sources, past those of other vendors', async () => {
  await writeFile(join(folder, 'sources.list.d', 'a.list'), OTHERS)
  const text =
    '# deb http://old.example/debian bookworm main\ndeb [arch=amd64] http://m.example/debian bookworm contrib main\n'
  await writeFile(join(folder, 'sources.list'), text)
  expect(await debianMirror('bookworm', folder)).toBe('http://m.example/debian')
})

it('finds the archive in stanzas, with comments, continued fields and disabled ones', async () => {
  const text = `Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: trixie
Components: main

Types: deb deb-src
# a snapshot would stand here
URIs: mirror+file:///etc/apt/mirrors/debian.list
Suites: trixie trixie-updates
Components:
 main
 contrib
`
  await writeFile(join(folder, 'sources.list.d', 'debian.sources'), text)
  expect(await debianMirror('trixie', folder)).toBe('mirror+file:///etc/apt/mirrors/debian.list')
})

it('finds nothing where there is none', async () => {
  expect(await debianMirror('bookworm', join(folder, 'missing'))).toBeUndefined()
})
