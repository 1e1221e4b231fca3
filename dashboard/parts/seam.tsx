/**
 * A share drawn as a seam: a row of stitches, sewn in proportion to the share. It is decorative, beside figures that
 * are written out, and therefore hidden from screen readers.
 */

type Props = { share: number | null; stitches?: number }

/** The row of stitches; at least one is sewn unless the share is zero, and at least one is open unless it is whole. */
export function Seam({ share, stitches = 40 }: Props) {
  const sewn = sewnOf(share ?? 0, stitches)
  const step = 100 / stitches
  return (
    <svg class="seam" width="100%" height="6" aria-hidden="true" focusable="false">
      {Array.from({ length: stitches }, (_, index) => (
        <line
          key={index}
          class={index < sewn ? 'sewn' : 'unsewn'}
          x1={`${(index + 0.2) * step}%`}
          x2={`${(index + 0.8) * step}%`}
          y1="3"
          y2="3"
        />
      ))}
    </svg>
  )
}

function sewnOf(share: number, stitches: number): number {
  if (share <= 0) return 0
  if (share >= 1) return stitches
  return Math.min(stitches - 1, Math.max(1, Math.round(share * stitches)))
}
