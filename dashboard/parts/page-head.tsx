/** The top of every page: its heading, which receives the focus when the page changes, and its controls. */
import type { Child } from 'hono/jsx/dom'

/** The heading's id, by which `main` moves the focus to it. */
export const HEADING_ID = 'heading'

/** A page's heading, with a line below it and controls at the side. */
export function PageHead({ title, lead, children }: { title: Child; lead: Child; children?: Child }) {
  return (
    <div class="page-head">
      <div>
        <h1 id={HEADING_ID} tabindex={-1}>
          {title}
        </h1>
        <p class="lead">{lead}</p>
      </div>
      <div class="page-tools">{children}</div>
    </div>
  )
}
