/**
 * Metal for the shop's drawings: colours as ramps from shadow to highlight, and shapes cut into short segments whose
 * shade follows their angle, because SVG has no conic gradient and a ring depends on its reflections. Everything is a
 * pure function of its arguments, so that a picture is the same at every start and caches well. Lengths are in the
 * drawing's units (the view box is 400 wide); angles are in radians, clockwise from three o'clock.
 */

/** The metals the house works in. */
export type Metal = 'white' | 'yellow' | 'rose'

const RAMPS: Record<Metal, string[]> = {
  white: ['#39424e', '#7d8996', '#b7c1cc', '#e6ecf2', '#ffffff'],
  yellow: ['#4c2d08', '#a06b1c', '#d7a441', '#f5d784', '#fffbe2'],
  rose: ['#4d2019', '#a35c4a', '#d79078', '#f4c3b0', '#fff3ec'],
}

/** A number for SVG, shortened. */
export const n = (value: number): string => String(Math.round(value * 10) / 10)

const channel = (hex: string, at: number) => Number.parseInt(hex.slice(at, at + 2), 16)

/** The colour at `t` (0 shadow to 1 highlight) of a ramp of hex colours. */
export function shade(ramp: string[], t: number): string {
  const place = Math.min(0.9999, Math.max(0, t)) * (ramp.length - 1)
  const low = ramp[Math.floor(place)]!
  const high = ramp[Math.floor(place) + 1]!
  const part = place - Math.floor(place)
  const mixed = [1, 3, 5].map((at) => Math.round(channel(low, at) * (1 - part) + channel(high, at) * part))
  return `#${mixed.map((value) => value.toString(16).padStart(2, '0')).join('')}`
}

/** The colour of a metal at `t`. */
export const metal = (kind: Metal, t: number): string => shade(RAMPS[kind], t)

/** How bright polished metal is that faces `angle`: two broad reflections and a few narrow ones. */
const reflection = (angle: number): number =>
  0.52 + 0.27 * Math.cos(2 * angle + 2.3) + 0.13 * Math.cos(5 * angle - 0.6) + 0.08 * Math.cos(9 * angle + 1)

/** A linear gradient for flat or round pieces of metal, for the definitions. */
export function metalGradient(id: string, kind: Metal): string {
  const stops = [0.95, 0.62, 0.88, 0.3, 0.7, 0.5]
  return `<linearGradient id="${id}" x1="0" y1="0" x2=".8" y2="1">${stops
    .map((t, at) => `<stop offset="${n(at / (stops.length - 1))}" stop-color="${metal(kind, t)}"/>`)
    .join('')}</linearGradient>`
}

type Ellipse = { cx: number; cy: number; rx: number; ry: number }

/** The point of an ellipse at an angle. */
export const on = ({ cx, cy, rx, ry }: Ellipse, angle: number): [number, number] => [
  cx + rx * Math.cos(angle),
  cy + ry * Math.sin(angle),
]

/** A round wire bent along an ellipse, from one angle to another: dark edge, body, and a light along its crown. */
export function wire(shape: Ellipse, from: number, to: number, width: number, kind: Metal): string {
  const steps = Math.max(8, Math.round((Math.abs(to - from) / (2 * Math.PI)) * 84))
  const layers = [
    { width, lift: -0.34, up: 0 },
    { width: width * 0.72, lift: 0, up: width * 0.06 },
    { width: width * 0.26, lift: 0.34, up: width * 0.17 },
  ]
  return layers
    .map((layer) => {
      const segments = Array.from({ length: steps }, (_, at) => {
        const start = from + ((to - from) * at) / steps
        const end = from + ((to - from) * (at + 1.35)) / steps
        const [x1, y1] = on(shape, start)
        const [x2, y2] = on(shape, at === steps - 1 ? to : end)
        const colour = metal(kind, reflection((start + end) / 2) + layer.lift)
        return `<path d="M${n(x1)} ${n(y1 - layer.up)}L${n(x2)} ${n(y2 - layer.up)}" stroke="${colour}"/>`
      })
      return `<g fill="none" stroke-width="${n(layer.width)}">${segments.join('')}</g>`
    })
    .join('')
}

/** A flat hoop seen from above its edge: `height` is how tall it stands. The far inside comes first, the front last. */
export function hoop(shape: Ellipse, height: number, kind: Metal, from = 0, to = Math.PI * 2): string {
  const steps = 96
  const quads = (inside: boolean) =>
    Array.from({ length: steps }, (_, at) => {
      const start = from + ((to - from) * at) / steps
      const end = from + ((to - from) * (at + 1.15)) / steps
      if (Math.sin((start + end) / 2) < 0 !== inside) return ''
      const [x1, y1] = on(shape, start)
      const [x2, y2] = on(shape, end)
      const colour = metal(kind, reflection(start * 1.2 + (inside ? 1.4 : 0)) - (inside ? 0.26 : 0.04))
      return `<path d="M${n(x1)} ${n(y1)}L${n(x2)} ${n(y2)}V${n(y2 + height)}L${n(x1)} ${n(y1 + height)}Z" fill="${colour}"/>`
    }).join('')
  const rim = { ...shape, rx: shape.rx - 1, ry: shape.ry - 0.6 }
  return `${quads(true)}${wire(rim, from, to, 4.2, kind)}${quads(false)}${wire({ ...shape, cy: shape.cy + height }, Math.max(from, 0), Math.min(to, Math.PI), 2, kind)}${wire({ ...rim }, Math.max(from, 0), Math.min(to, Math.PI), 4.2, kind)}`
}

/** A chain of links through the points of a curve, `(t) => [x, y]` for t from 0 to 1. */
export function chain(curve: (t: number) => [number, number], links: number, size: number, kind: Metal): string {
  return Array.from({ length: links }, (_, at) => {
    const t = (at + 0.5) / links
    const [x, y] = curve(t)
    const [xa, ya] = curve(t - 0.004)
    const [xb, yb] = curve(t + 0.004)
    const turn = (Math.atan2(yb - ya, xb - xa) * 180) / Math.PI
    const flat = at % 2 === 0
    const look = `rx="${n(size)}" ry="${n(flat ? size * 0.58 : size * 0.16)}" transform="translate(${n(x)} ${n(y)}) rotate(${n(turn)})"`
    const glint = 0.62 + 0.3 * Math.sin(at * 1.7)
    return `<ellipse ${look} fill="none" stroke="${metal(kind, 0.12)}" stroke-width="${n(size * 0.62)}"/><ellipse ${look} fill="none" stroke="${metal(kind, glint)}" stroke-width="${n(size * 0.36)}"/>`
  }).join('')
}
