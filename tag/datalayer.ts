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

/** The words that make the names of the fields that are sent, in lower case and without separators. */
const KEPT = /* @__PURE__ */ RegExp(
  '^((item|product|varia(nt|tion)|merchandise|transaction|order|cart|checkout|line|unit|total|grand|recovery?|image|id|sku|name|title|' +
    'brand|categor(y|ie)|price|quantity|qty|url|link|value|type|ecommerce|add|remove|purchase|refund|detail|click|impression|promo(tion)?|view|' +
    'action|field|content|collection|currency|code|amount|tax|revenue|discount|coupon|step|option|list|index|position|search|term|method|cost|' +
    'node|src|shipping(tier|$)|payment(type|$)|ordernumber|(cart|checkout)token)s?)+\\d?$|^(token|\\d+)$',
)
/** What holds pieces: only below it is a bare name that of a piece, and not of a person. */
const PIECES = /(item|product|line|variant|content)s?$|merchandise|node|impressions|promo/

/** A list or object below these levels is left out: no event is so deep, and a page's own objects lead anywhere. */
const MOST_LEVELS = 7
const MOST_FIELDS = 300

/** A value with only the fields that are sent. Undefined if nothing is left of it. */
function kept(value: unknown, level = 0, isPiece = false): unknown {
  if (typeof value === 'string') return /\S@\S/.test(value) ? undefined : value
  if (typeof value !== 'object') return value
  if (!value || level > MOST_LEVELS) return
  const copy: LayerEntry = Array.isArray(value) ? [] : {}
  for (const key of Object.keys(value).slice(0, MOST_FIELDS)) {
    const name = key.toLowerCase().replace(/[^a-z\d]/g, '')
    // At the top, a bare id or token is somebody's, as in a login.
    const isPersonal = isPiece ? false : /^(name|title)s?$/.test(name) || (!level && /^(ids?|token)$/.test(name))
    if (isPersonal || name.length > 40 || !KEPT.test(name)) continue
    const inner = kept((value as LayerEntry)[key], level + 1, isPiece || PIECES.test(name))
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
