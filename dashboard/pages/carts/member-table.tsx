/**
 * The members as a table. On a narrow screen the style sheet turns each row into a card and shows the column's name
 * beside each value; screen readers do not see that name, because they get it from the table.
 */
import type { Child } from 'hono/jsx/dom'
import type { Member } from '../../api.ts'
import type { Route } from '../../hooks/route.ts'
import { CartItems } from '../../parts/cart-items.tsx'
import { Sign } from '../../parts/mark.tsx'
import { Proof } from '../../parts/proof.tsx'
import { RouteLink } from '../../parts/route-link.tsx'
import type { Ui } from '../../texts/format.ts'

type Props = {
  ui: Ui
  members: [key: string, member: Member][]
  nowMs: number
  onGo: (place: Route) => void
}

const COLUMNS = ['who', 'what', 'value', 'since', 'evidence', 'mail'] as const

/** One row per person. */
export function MemberTable({ ui, members, nowMs, onGo }: Props) {
  return (
    <table class="card members">
      <caption class="unseen">{ui.t.cartsCaption}</caption>
      <thead>
        <tr>
          {COLUMNS.map((column) => (
            <th key={column} scope="col" class={`col-${column}`}>
              {ui.t[column]}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {members.map(([key, member]) => (
          <MemberRow key={key} ui={ui} member={member} nowMs={nowMs} onGo={onGo} />
        ))}
      </tbody>
    </table>
  )
}

type RowProps = { ui: Ui; member: Member; nowMs: number; onGo: (place: Route) => void }

function MemberRow({ ui, member, nowMs, onGo }: RowProps) {
  const { t, f } = ui
  const { cart } = member
  const hidden = cart === undefined && !member.mailable && member.contact !== null
  return (
    <tr data-testid="cart-row">
      <th scope="row" class="col-who" data-testid="who">
        <Who ui={ui} member={member} onGo={onGo} />
      </th>
      <Cell column="what" label={t.what}>
        {cart ? (
          <CartItems ui={ui} cart={cart} />
        ) : (
          <p class="masked">{hidden ? hiddenText(ui, member) : t.cartUnknown}</p>
        )}
      </Cell>
      <Cell column="value" label={t.value}>
        {cart ? <span class="amount">{f.money(cart)}</span> : <span class="masked">{hidden ? t.hidden : t.none}</span>}
      </Cell>
      <Cell column="since" label={t.since}>
        <time datetime={member.entered_at} title={f.moment(member.entered_at)}>
          {f.ago(member.entered_at, nowMs)}
        </time>
      </Cell>
      <Cell column="evidence" label={t.evidence}>
        <Proof ui={ui} member={member} />
      </Cell>
      <Cell column="mail" label={t.mail} testid="mailable">
        <p class={member.mailable ? 'mail yes' : 'mail no'}>
          <Sign yes={member.mailable} />
          <span>{member.mailable ? t.mailable : notMailableText(ui, member)}</span>
        </p>
      </Cell>
    </tr>
  )
}

type CellProps = { column: (typeof COLUMNS)[number]; label: string; testid?: string; children?: Child }

function Cell({ column, label, testid, children }: CellProps) {
  return (
    <td class={`col-${column}`}>
      <span class="card-label" aria-hidden="true">
        {label}
      </span>
      <div class="cell" data-testid={testid ?? column}>
        {children}
      </div>
    </td>
  )
}

/** Name and address if known, with a link to the customer; names may be written right to left. */
function Who({ ui: { t }, member: { person, contact }, onGo }: Omit<RowProps, 'nowMs'>) {
  if (contact === null) {
    return (
      <>
        <span class="name nobody">{t.anonymousVisitor}</span>
        <span class="aside" title={person.id}>
          {t.visitorId(person.id.slice(0, 8))}
        </span>
      </>
    )
  }
  const name = contact.name?.trim() || contact.email || t.customerId(contact.id)
  return (
    <>
      <RouteLink to={{ page: 'contact', id: contact.id }} onGo={onGo} class="name" testid="to-contact">
        <bdi>{name}</bdi>
      </RouteLink>
      {contact.email && contact.email !== name ? <bdi class="aside">{contact.email}</bdi> : null}
    </>
  )
}

const hiddenText = ({ t }: Ui, { why_not_mailable: why }: Member) => (why && t.cartHidden[why]) || t.hidden

const notMailableText = ({ t }: Ui, { why_not_mailable: why }: Member) =>
  (why && t.notMailable[why]) || t.notMailableOther
