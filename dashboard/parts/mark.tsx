/** The product's mark, a C made of stitches, and the small icons beside words. All are decorative. */

/** The stitched C. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" width="32" height="32" aria-hidden="true" focusable="false">
      <rect class="mark-ground" width="32" height="32" rx="9" />
      <path class="mark-thread" d="M22.4 10.6a8.5 8.5 0 1 0 0 10.8" />
    </svg>
  )
}

/** Two points joined by some of three stitches. */
function Joined({ stitches }: { stitches: number }) {
  return (
    <svg
      class={`joined joined-${stitches}`}
      viewBox="0 0 40 10"
      width="40"
      height="10"
      aria-hidden="true"
      focusable="false"
    >
      <circle class="end" cx="5" cy="5" r="3.5" />
      {[0, 1, 2].map((index) => (
        <line
          key={index}
          class={index < stitches ? 'sewn' : 'unsewn'}
          x1={11.5 + index * 6.5}
          x2={15.5 + index * 6.5}
          y1="5"
          y2="5"
        />
      ))}
      <circle class={stitches > 0 ? 'end' : 'end open'} cx="35" cy="5" r="3.5" />
    </svg>
  )
}

const STITCHES: Record<string, number> = { verified: 3, confirmed: 2, claimed: 1 }

/** The strength of a link: three stitches for verified, two for confirmed, one for claimed, none for nobody. */
export function StrengthMark({ strength }: { strength: string }) {
  return <Joined stitches={STITCHES[strength] ?? 0} />
}

/** A tick or a bar: yes or no. */
export function Sign({ yes }: { yes: boolean }) {
  return (
    <svg class="sign" viewBox="0 0 12 12" width="12" height="12" aria-hidden="true" focusable="false">
      <path d={yes ? 'M2.5 6.5 5 9l4.5-5.5' : 'M3 6h6'} />
    </svg>
  )
}
