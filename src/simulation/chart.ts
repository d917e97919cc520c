import { type Bound, bytesText } from './bound.ts'
import { type Comparison, OPTIMUM, type Result } from './compare.ts'

/** Colours that people with any kind of colour vision can tell apart. (Okabe and Ito, "Color Universal Design", 2008; darkened.) */
const COLOURS = [
  '#0072b2',
  '#d55e00',
  '#009e73',
  '#b8568f',
  '#8a6d00',
  '#17a2b8',
  '#8b5cf6',
  '#6b7280',
] as const
/** Lines that have the same colour differ in their dashes. */
const DASHES = ['', '7 3', '2 3'] as const

const WIDTH = 420
const HEIGHT = 300
const LEFT = 64
const TOP = 58
const BOTTOM = 52
const GAP = 92
const LEGEND = 176

/** The page is light or dark as the reader's is. */
const STYLE = `
  .page { fill: #ffffff } .grid { stroke: #e2e5ea } .axis { stroke: #8a919c } text { fill: #24292f; font: 12px system-ui, sans-serif }
  .title { font-weight: 600; font-size: 13px } .line { fill: none; stroke-width: 2 } .optimum { stroke: #24292f; stroke-dasharray: 1 4; stroke-linecap: round }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117 } .grid { stroke: #2a313c } .axis { stroke: #8a919c } text { fill: #e6edf3 } .optimum { stroke: #e6edf3 }
  }`

/** A part of the chart: one figure against the bound. */
interface Panel {
  readonly title: string
  readonly unit: string
  readonly value: (result: Result) => number | undefined
}

/** Draws the miss ratio, and where costs are known the seconds recomputed, against the bound, as an SVG. */
export function chart(comparison: Comparison, title: string): string {
  const panels = panelsOf(comparison)
  const names = legendOrder(comparison, panels.at(-1) as Panel)
  const legendHeight = 24 + names.length * 18
  const width = LEFT + panels.length * WIDTH + (panels.length - 1) * GAP + LEGEND + 24
  const height = Math.max(TOP + HEIGHT + BOTTOM, TOP + legendHeight)
  const parts = panels.map((panel, i) => panelSvg(comparison, panel, names, LEFT + i * (WIDTH + GAP)))
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(title)}">`,
    `<style>${STYLE}\n</style>`,
    `<rect class="page" width="${width}" height="${height}"/>`,
    `<text class="title" x="${LEFT}" y="18">${escaped(title)}</text>`,
    ...parts,
    legendSvg(names, width - LEGEND),
    '</svg>\n',
  ].join('\n')
}

function panelsOf({ results, totalSeconds }: Comparison): Panel[] {
  const missRatio: Panel = {
    title: 'Requests that miss',
    unit: '%',
    value: ({ hitRatio }) => 100 * (1 - hitRatio),
  }
  if (totalSeconds === undefined) return [missRatio]
  const isLong = results.some(({ recomputedSeconds = 0 }) => recomputedSeconds >= 36_000)
  const unit = isLong ? 'hours' : 'seconds'
  const recomputed: Panel = {
    title: 'Time recomputed',
    unit,
    value: ({ recomputedSeconds }) =>
      recomputedSeconds === undefined ? undefined : recomputedSeconds / (isLong ? 3_600 : 1),
  }
  return [missRatio, recomputed]
}

/** All lines, in the order in which they lie at the largest bound: the worst on top. */
function legendOrder({ results, bounds }: Comparison, { value }: Panel): string[] {
  const largest = bounds.reduce((one, other) => (other.limit > one.limit ? other : one))
  return results
    .filter(({ bound }) => bound === largest)
    .sort((one, other) => (value(other) ?? 0) - (value(one) ?? 0))
    .map(({ policy }) => policy)
}

function panelSvg(comparison: Comparison, panel: Panel, names: readonly string[], left: number): string {
  const { results, bounds } = comparison
  const values = results.map((result) => panel.value(result) ?? 0)
  const ticks = niceTicks(Math.max(...values, 0))
  const top = ticks.at(-1) as number
  const x = logScale(bounds, left)
  const y = (value: number) => TOP + HEIGHT * (1 - value / top)
  const bottom = TOP + HEIGHT
  const rows = ticks.map(
    (tick) =>
      `<line class="grid" x1="${left}" x2="${left + WIDTH}" y1="${px(y(tick))}" y2="${px(y(tick))}"/>` +
      `<text text-anchor="end" x="${left - 8}" y="${px(y(tick) + 4)}">${tick.toLocaleString('en')}</text>`,
  )
  const columns = labelled(bounds, x).map(
    (bound) =>
      `<line class="axis" x1="${px(x(bound))}" x2="${px(x(bound))}" y1="${bottom}" y2="${bottom + 5}"/>` +
      `<text text-anchor="middle" x="${px(x(bound))}" y="${bottom + 20}">${limitText(bound)}</text>`,
  )
  const lines = names.map((name) => {
    const points = results
      .filter(({ policy }) => policy === name)
      .sort((one, other) => one.bound.limit - other.bound.limit)
      .map((result) => [px(x(result.bound)), px(y(panel.value(result) ?? 0))] as const)
    const dots = points.map(([cx, cy]) => `<circle cx="${cx}" cy="${cy}" r="2.5" ${dotStyle(name, names)}/>`)
    return `<g><title>${escaped(name)}</title><polyline ${lineStyle(name, names)} points="${points.join(' ')}"/>${dots.join('')}</g>`
  })
  const isBytes = bounds[0]?.kind === 'bytes'
  return [
    `<text class="title" x="${left}" y="${TOP - 10}">${panel.title} (${panel.unit})</text>`,
    ...rows,
    `<line class="axis" x1="${left}" x2="${left + WIDTH}" y1="${bottom}" y2="${bottom}"/>`,
    ...columns,
    `<text text-anchor="middle" x="${left + WIDTH / 2}" y="${bottom + 42}">bound of the cache${isBytes ? '' : ' (entries)'}, logarithmic</text>`,
    ...lines,
  ].join('\n')
}

function legendSvg(names: readonly string[], left: number): string {
  return names
    .map((name, i) => {
      const y = TOP + 8 + i * 18
      return `<line ${lineStyle(name, names)} x1="${left}" x2="${left + 30}" y1="${y}" y2="${y}"/><text x="${left + 38}" y="${y + 4}">${escaped(name)}</text>`
    })
    .join('\n')
}

/** A policy has the same colour in each chart that has the same policies. */
function indexOf(name: string, names: readonly string[]): number {
  return [...names]
    .filter((each) => each !== OPTIMUM)
    .sort()
    .indexOf(name)
}

function lineStyle(name: string, names: readonly string[]): string {
  if (name === OPTIMUM) return 'class="line optimum"'
  const index = indexOf(name, names)
  const dash = DASHES[Math.floor(index / COLOURS.length) % DASHES.length]
  const dashes = dash === '' ? '' : ` stroke-dasharray="${dash}"`
  return `class="line" stroke="${COLOURS[index % COLOURS.length]}"${dashes}`
}

const dotStyle = (name: string, names: readonly string[]): string =>
  name === OPTIMUM ? 'visibility="hidden"' : `fill="${COLOURS[indexOf(name, names) % COLOURS.length]}"`

function logScale(bounds: readonly Bound[], left: number): (bound: Bound) => number {
  const limits = bounds.map(({ limit }) => Math.log(limit))
  const [low, high] = [Math.min(...limits), Math.max(...limits)]
  const span = high - low
  return ({ limit }) => left + 12 + (WIDTH - 24) * (span === 0 ? 0.5 : (Math.log(limit) - low) / span)
}

/** The bounds whose labels do not overlap. */
function labelled(bounds: readonly Bound[], x: (bound: Bound) => number): Bound[] {
  const kept: Bound[] = []
  for (const bound of [...bounds].sort((one, other) => one.limit - other.limit)) {
    const last = kept.at(-1)
    if (last === undefined || x(bound) - x(last) >= 56) kept.push(bound)
  }
  return kept
}

const limitText = ({ kind, limit }: Bound): string =>
  kind === 'bytes' ? bytesText(limit) : limit.toLocaleString('en')

/** About five round numbers from 0 to at least `largest`. */
function niceTicks(largest: number): number[] {
  if (largest <= 0) return [0, 1]
  const rough = largest / 5
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 2.5, 5, 10].map((each) => each * power).find((each) => each >= rough) as number
  const count = Math.ceil(largest / step - 1e-9)
  return Array.from({ length: count + 1 }, (_, i) => Number((i * step).toPrecision(12)))
}

const px = (value: number): number => Number(value.toFixed(1))

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
