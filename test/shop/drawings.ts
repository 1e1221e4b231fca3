/**
 * Draws every piece of the shop from parameters: which jewel, which metal, which stone, on which velvet. A drawing is
 * a square SVG without scripts, fonts or outside references, so that it works as an `<img>`, in a mail and in a
 * dashboard alike. The list of kinds is closed: a new one is a case here and a row in `products.ts`.
 */
import { chain, hoop, type Metal, metal, metalGradient, n, on, wire } from './drawing/metal.ts'
import { brilliant, glint, pearl, pearlGradient, place, profile, type Stone, stepCut } from './drawing/stones.ts'

/** The cloth under a piece. */
export type Velvet = 'midnight' | 'bottle' | 'plum' | 'slate' | 'tobacco'

/** What to draw. */
export type Drawing = { velvet: Velvet; metal: Metal } & (
  | { kind: 'line' | 'cuff' | 'solitaire' | 'halo' | 'pendant' | 'medallion' | 'studs'; stone: Stone }
  | { kind: 'bangle' | 'pearl-bracelet' | 'band' | 'strand' | 'drops' | 'hoops' }
)

const VELVETS: Record<Velvet, [string, string, string]> = {
  midnight: ['#3d5478', '#1d2c49', '#0c1426'],
  bottle: ['#3f6a5c', '#1c3b33', '#0b1c18'],
  plum: ['#71475f', '#41243a', '#1e0f1b'],
  slate: ['#6b7480', '#3a424d', '#1b2027'],
  tobacco: ['#7a5c49', '#45312a', '#211512'],
}

const TURN = Math.PI * 2

/** The SVG of a drawing. */
export function draw(drawing: Drawing): string {
  const [light, middle, dark] = VELVETS[drawing.velvet]
  const stone = 'stone' in drawing ? drawing.stone : 'diamond'
  const symbols = [1, 2, 3].map((seed) => `<g id="d${seed}">${brilliant('diamond', seed)}</g>`).join('')
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400"><defs><radialGradient id="ground" cx=".46" cy=".4" r=".78"><stop offset="0" stop-color="${light}"/><stop offset=".5" stop-color="${middle}"/><stop offset="1" stop-color="${dark}"/></radialGradient><radialGradient id="halo"><stop offset="0" stop-color="#fff" stop-opacity=".85"/><stop offset=".35" stop-color="#fff" stop-opacity=".25"/><stop offset="1" stop-color="#fff" stop-opacity="0"/></radialGradient><filter id="soft" x="-40%" y="-80%" width="180%" height="260%"><feGaussianBlur stdDeviation="9"/></filter>${metalGradient('metal', drawing.metal)}${pearlGradient}${symbols}<g id="stone">${brilliant(stone, 4)}</g></defs><rect width="400" height="400" fill="url(#ground)"/>${piece(drawing)}</svg>`
}

function piece(drawing: Drawing): string {
  switch (drawing.kind) {
    case 'line':
      return line(drawing.metal)
    case 'cuff':
      return cuff(drawing.metal)
    case 'bangle':
      return bangle(drawing.metal)
    case 'pearl-bracelet':
      return pearlBracelet(drawing.metal)
    case 'solitaire':
      return solitaire(drawing.metal, drawing.stone)
    case 'band':
      return band(drawing.metal)
    case 'halo':
      return halo(drawing.metal)
    case 'pendant':
      return pendant(drawing.metal, drawing.stone)
    case 'strand':
      return strand(drawing.metal)
    case 'medallion':
      return medallion(drawing.metal)
    case 'drops':
      return drops(drawing.metal)
    case 'hoops':
      return hoops(drawing.metal)
    case 'studs':
      return studs(drawing.metal)
  }
}

const shadow = (cx: number, cy: number, rx: number, ry: number, opacity = 0.5) =>
  `<ellipse cx="${cx}" cy="${cy}" rx="${rx}" ry="${ry}" fill="#000" opacity="${opacity}" filter="url(#soft)"/>`

const ringShadow = (cx: number, cy: number, rx: number, ry: number, width: number) =>
  `<ellipse cx="${cx}" cy="${cy}" rx="${rx}" ry="${ry}" fill="none" stroke="#000" stroke-width="${width}" opacity=".55" filter="url(#soft)"/>`

/** A collet: a stone in a round metal cup. */
const collet = (id: string, x: number, y: number, radius: number, turn: number, squash = 1) =>
  `<ellipse cx="${n(x)}" cy="${n(y + radius * 0.16)}" rx="${n(radius * 1.2)}" ry="${n(radius * 1.22 * squash)}" fill="#05080f" opacity=".5"/><ellipse cx="${n(x)}" cy="${n(y)}" rx="${n(radius * 1.16)}" ry="${n(radius * 1.16 * squash)}" fill="url(#metal)"/>${place(id, x, y, radius * 0.94, turn, squash)}`

/** The line bracelet: stones around an ellipse, the far ones first, growing towards the viewer. */
function line(kind: Metal): string {
  const shape = { cx: 200, cy: 204, rx: 143, ry: 92 }
  const count = 46
  const stones = Array.from({ length: count }, (_, at) => {
    // Steps of equal length on the ellipse span wider angles at its ends.
    const raw = (at / count) * TURN + Math.PI / 2
    const angle = raw + 0.11 * Math.sin(2 * raw)
    return { angle, at, depth: Math.sin(angle) }
  }).sort((a, b) => a.depth - b.depth)
  const drawn = stones.map(({ angle, at, depth }) => {
    const [x, y] = on(shape, angle)
    const centre = Math.max(0, depth - 0.8) * 14
    return collet(`d${(at % 3) + 1}`, x, y, 7.4 + (depth + 1) * 1.9 + centre, at * 37, 0.93 - 0.06 * depth)
  })
  return `${ringShadow(206, 232, 140, 88, 22)}${wire(shape, 0, TURN, 5, kind)}${drawn.join('')}${glint(152, 288, 26)}${glint(329, 171, 15)}${glint(243, 293, 13)}`
}

function bangle(kind: Metal): string {
  const shape = { cx: 200, cy: 176, rx: 140, ry: 78 }
  const marks = Array.from({ length: 15 }, (_, at) => {
    const angle = Math.PI * (0.11 + (0.78 * at) / 14)
    const [x, y] = on(shape, angle)
    return place(`d${(at % 3) + 1}`, x, y + 22, 3.4 + 1.6 * Math.sin(angle), at * 20)
  }).join('')
  return `${ringShadow(206, 228, 136, 74, 26)}${hoop(shape, 44, kind)}${marks}${glint(136, 258, 20)}${glint(316, 142, 12)}`
}

function cuff(kind: Metal): string {
  const shape = { cx: 200, cy: 196, rx: 134, ry: 88 }
  const gap = 0.34
  const [ax, ay] = on(shape, Math.PI / 2 - gap)
  const [bx, by] = on(shape, Math.PI / 2 + gap)
  return `${ringShadow(206, 224, 132, 86, 18)}${wire(shape, Math.PI / 2 + gap, Math.PI / 2 - gap + TURN, 13, kind)}${collet('stone', ax, ay, 25, 12)}${collet('stone', bx, by, 25, 40)}${glint(bx - 9, by - 12, 16)}${glint(85, 150, 14)}`
}

function pearlBracelet(kind: Metal): string {
  const shape = { cx: 200, cy: 200, rx: 132, ry: 90 }
  const count = 27
  const beads = Array.from({ length: count }, (_, at) => {
    const raw = ((at + 0.5) / count) * TURN - Math.PI / 2
    return raw + 0.09 * Math.sin(2 * raw)
  }).sort((a, b) => Math.sin(a) - Math.sin(b))
  const drawn = beads.map((angle) => {
    const [x, y] = on(shape, angle)
    const clasp = Math.abs(angle - Math.PI * 0.5) < 0.05
    const radius = 12.6 + (Math.sin(angle) + 1) * 2.4
    return clasp ? '' : pearl(x, y, radius)
  })
  return `${ringShadow(206, 226, 130, 88, 24)}${wire(shape, 0, TURN, 3, kind)}${drawn.join('')}<g transform="translate(200 290)"><circle r="20" fill="url(#metal)"/><circle r="20" fill="none" stroke="${metal(kind, 0.2)}" stroke-width="1"/>${place('d2', 0, 0, 12.5, 10)}</g>${glint(192, 282, 15)}`
}

function solitaire(kind: Metal, stone: Stone): string {
  const ring = { cx: 200, cy: 252, rx: 86, ry: 88 }
  const claw = (side: 1 | -1, foot: number, tip: number, top: number) => {
    const path = `M${200 + side * foot} 176L${200 + side * tip} ${top}`
    return [
      [0.2, 7.5],
      [0.85, 4.4],
    ]
      .map(
        ([t, width]) =>
          `<path d="${path}" stroke="${metal(kind, t!)}" stroke-width="${width}" stroke-linecap="round"/>`,
      )
      .join('')
  }
  const gem = `<g transform="translate(200 118) scale(54)">${profile(stone)}</g>`
  return `${shadow(206, 346, 98, 12, 0.6)}${wire(ring, 0, TURN, 13, kind)}<path d="M174 170Q200 186 226 170L216 162H184Z" fill="url(#metal)"/>${claw(1, 7, 21, 118)}${claw(-1, 7, 21, 118)}${gem}${claw(1, 17, 50, 114)}${claw(-1, 17, 50, 114)}${glint(182, 102, 24)}${glint(124, 218, 10)}`
}

function band(kind: Metal): string {
  const shape = { cx: 200, cy: 170, rx: 102, ry: 62 }
  const grains = Array.from({ length: 33 }, (_, at) => {
    const angle = Math.PI * (0.04 + (0.92 * at) / 32)
    const [x, y] = on(shape, angle)
    return [7, 43].map((dy) => `<circle cx="${n(x)}" cy="${n(y + dy)}" r="1.9" fill="${metal(kind, 0.95)}"/>`).join('')
  }).join('')
  return `${ringShadow(206, 230, 98, 58, 30)}${hoop(shape, 50, kind)}${grains}${glint(150, 236, 17)}`
}

function halo(kind: Metal): string {
  const ring = { cx: 200, cy: 256, rx: 80, ry: 86 }
  const around = Array.from({ length: 20 }, (_, at) => {
    const angle = (at / 20) * TURN
    return collet(`d${(at % 3) + 1}`, 200 + 57 * Math.cos(angle), 146 + 50 * Math.sin(angle), 8, at * 29, 0.9)
  }).join('')
  return `${shadow(206, 346, 92, 12, 0.6)}${wire(ring, 0, TURN, 13, kind)}<ellipse cx="200" cy="150" rx="62" ry="56" fill="#04060c" opacity=".55"/><ellipse cx="200" cy="146" rx="60" ry="53" fill="url(#metal)"/>${around}${place('stone', 200, 146, 45, 11, 0.88)}${glint(178, 124, 20)}${glint(252, 170, 13)}${glint(126, 232, 10)}`
}

/** Half a necklace's curve from a top corner to its lowest point. */
const hanging =
  (side: 1 | -1, depth: number, wide = 130) =>
  (t: number): [number, number] => [
    200 + side * wide * (1 - t) ** 0.9,
    -14 + depth * Math.sin((t * Math.PI) / 2) ** 1.15,
  ]

function pendant(kind: Metal, stone: Stone): string {
  const both = [1, -1].map((side) => chain(hanging(side as 1 | -1, 196), 44, 4.6, kind)).join('')
  return `${shadow(208, 282, 48, 62, 0.5)}${both}<ellipse cx="200" cy="190" rx="7" ry="13" fill="none" stroke="${metal(kind, 0.85)}" stroke-width="4"/>${place('d2', 200, 211, 11, 5)}<g transform="translate(200 274)"><path d="M-30 -58H30L48 -40V40L30 58H-30L-48 40V-40Z" fill="url(#metal)" transform="scale(.98 1.03)"/><g transform="scale(40)">${stepCut(stone)}</g></g>${glint(176, 236, 22)}${glint(226, 306, 10)}`
}

function strand(kind: Metal): string {
  const curve = (t: number): [number, number] => [
    200 - 128 * Math.cos(Math.PI * t),
    44 + 250 * Math.sin(Math.PI * t) ** 0.82,
  ]
  const beads: [number, number, number][] = []
  let last: [number, number] | null = null
  for (let t = 0; t <= 1; t += 0.001) {
    const [x, y] = curve(t)
    const radius = 8.5 + 6.5 * Math.sin(Math.PI * t) ** 2
    if (last === null || Math.hypot(x - last[0], y - last[1]) >= radius * 1.93) {
      beads.push([x, y, radius])
      last = [x, y]
    }
  }
  const soft = beads.map(([x, y, r]) => `<circle cx="${n(x + 6)}" cy="${n(y + 14)}" r="${n(r)}"/>`).join('')
  const [x, y] = beads[0]!
  return `<g opacity=".5" filter="url(#soft)">${soft}</g>${chain((t) => [72 + 256 * t, 44 - 26 * Math.sin(Math.PI * t)], 40, 4, kind)}${beads.map((bead) => pearl(...bead)).join('')}<circle cx="${n(x)}" cy="${n(y)}" r="6.5" fill="url(#metal)"/>${glint(192, 284, 15)}`
}

function medallion(kind: Metal): string {
  const both = [1, -1].map((side) => chain(hanging(side as 1 | -1, 182), 42, 4.4, kind)).join('')
  const rays = Array.from({ length: 16 }, (_, at) => {
    const long = at % 2 === 0 ? 52 : 36
    return `<path d="M0 -15L4.4 -${n(long * 0.5)}L0 -${long}L-4.4 -${n(long * 0.5)}Z" transform="rotate(${at * 22.5})" fill="${metal(kind, at % 2 ? 0.5 : 0.98)}"/>`
  }).join('')
  const grains = Array.from({ length: 48 }, (_, at) => {
    const angle = (at / 48) * TURN
    return `<circle cx="${n(67 * Math.cos(angle))}" cy="${n(67 * Math.sin(angle))}" r="2.1" fill="${metal(kind, 0.75 + 0.25 * Math.cos(angle * 2 + 2))}"/>`
  }).join('')
  return `${shadow(208, 280, 72, 70, 0.5)}${both}<ellipse cx="200" cy="180" rx="7" ry="12" fill="none" stroke="${metal(kind, 0.85)}" stroke-width="4"/><g transform="translate(200 262)"><circle r="74" fill="url(#metal)"/><circle r="60" fill="${metal(kind, 0.3)}" opacity=".55"/>${grains}${rays}${place('stone', 0, 0, 15, 9)}</g>${wire({ cx: 200, cy: 262, rx: 73, ry: 73 }, 0, TURN, 5, kind)}${glint(158, 208, 18)}${glint(196, 256, 9)}`
}

/** The same jewel twice, the second a little lower and to the right. */
const pair = (one: string) => `<g transform="translate(-68 -8)">${one}</g><g transform="translate(68 8)">${one}</g>`

function drops(kind: Metal): string {
  return pair(
    `${shadow(206, 300, 40, 34, 0.5)}<path d="M200 118C180 84 214 62 222 92" fill="none" stroke="${metal(kind, 0.8)}" stroke-width="4" stroke-linecap="round"/>${collet('d1', 200, 132, 15, 8)}${chain((t) => [200, 148 + 68 * t], 11, 4.6, kind)}<path d="M186 230Q200 208 214 230L208 240H192Z" fill="url(#metal)"/>${pearl(200, 272, 40)}${glint(192, 124, 12)}`,
  )
}

function hoops(kind: Metal): string {
  const shape = { cx: 200, cy: 212, rx: 50, ry: 84 }
  return pair(
    `${shadow(206, 312, 46, 9, 0.6)}${wire(shape, 0, TURN, 15, kind)}<path d="M194 128q6 -22 14 -2" fill="none" stroke="${metal(kind, 0.8)}" stroke-width="3.4"/>${glint(158, 176, 13)}`,
  )
}

function studs(kind: Metal): string {
  const claws = [45, 135, 225, 315]
    .map(
      (turn) =>
        `<circle cx="52" r="7" fill="${metal(kind, 0.92)}" stroke="${metal(kind, 0.25)}" transform="rotate(${turn})"/>`,
    )
    .join('')
  return pair(
    `${shadow(208, 240, 56, 46, 0.55)}<circle cx="200" cy="204" r="56" fill="url(#metal)"/>${place('stone', 200, 204, 52, 22)}<g transform="translate(200 204)">${claws}</g>${glint(178, 180, 16)}`,
  )
}
