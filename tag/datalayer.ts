/**
 * Sends what a shop pushes to its data layer. The collector knows the dialects (server/domain/commerce/dialect.ts), so an
 * event goes out under the name and in the shape in which it was pushed, but with nothing in it that is not on the list here:
 * what describes pieces, amounts, carts and orders. Data layers hold people, too. They are under other names, or their
 * addresses give them away, and stay on the page.
 *
 * Nothing is read before consent: the first look replays what the page has pushed so far, and a push without consent is
 * passed over for good.
 */
import { type LayerEntry, watchLayer } from './layer.ts'

/** Events by name; a push with `ecommerce` is one whatever its name. Others are the page's own business. */
const NAMES =
  /cart|checkout|purchase|product|item|refund|wishlist|order|payment|shipping|search|login|sign_?up|lead|share|collection|promotion/i

/** The fields that are sent, in lower case and without separators. */
const KEPT = /* @__PURE__ */ RegExp(
  '^((item|product|variant|variation|merchandise|transaction|order|cart|checkout|line|unit|total|grand|recover|image)*' +
    '(ids?|skus?|names?|title|numbers?|token|items?|products?|lines?|variants?|brand|category\\d?|categories|price|quantity|url|total|value|type)|' +
    'ecommerce|add|remove|purchase|refund|checkout|detail|click|impressions|promo(tions|view|click)|actionfield|cartcontents|contents|collection|' +
    'currency(code)?|amount|tax|shipping(tier|price)?|revenue|discount|coupon|affiliation|qty|step|option|(item)?list(id|name)?|index|position|paymenttype|searchterm|method|' +
    'merchandise|cost|node|cart|order|image|src|\\d+)$',
)

/** A list or object below these levels is left out: no event is so deep, and a page's own objects lead anywhere. */
const MOST_LEVELS = 7
/** The level from which on a name is that of a piece. Above, it may be a person's. */
const PIECES = 2
const MOST_FIELDS = 300

/** A value with only the fields that are sent. Undefined if nothing is left of it. */
function kept(value: unknown, level = 0): unknown {
  if (typeof value === 'string') return /\S@\S/.test(value) ? undefined : value
  if (typeof value !== 'object') return value
  if (!value || level > MOST_LEVELS) return
  const isList = Array.isArray(value)
  const copy: LayerEntry = isList ? [] : {}
  for (const key of Object.keys(value).slice(0, MOST_FIELDS)) {
    const name = key.toLowerCase().replace(/[^a-z\d]/g, '')
    if (!KEPT.test(name) || (level < PIECES && !isList && /^(name|title)s?$/.test(name))) continue
    const inner = kept((value as LayerEntry)[key], level + 1)
    if (inner !== undefined) copy[key] = inner
  }
  return Object.keys(copy).length ? copy : undefined
}

/** Names that only the tag itself may give. */
const RESERVED = /^(page|identify|reset|consent|engagement|)$/

/**
 * Reads the data layer under `name` from now on, and sends with `emit` what the shop did. `allowed` is consent to analytics.
 * The returned function looks once more, as it must before the page ends.
 */
export function readDataLayer(
  name: string | undefined,
  allowed: () => unknown,
  emit: (name: string, props: object) => void,
): () => void {
  const look = watchLayer(name!, (entry) => {
    if (!allowed()) return
    const isCall = entry[0] === 'event'
    const event = `${(isCall ? entry[1] : entry.event) || ''}`
    const props = kept(isCall ? entry[2] : entry) as LayerEntry
    if (props && (props.ecommerce || NAMES.test(event))) {
      emit(RESERVED.test(event) ? 'ecommerce' : event.slice(0, 64), props)
    }
  })
  setInterval(look, 500)
  look()
  return look
}
