/** What is wrong with what a shop sends, and what it must be, in one or two plain sentences for the shop's engineer. */
import type { QualityProblem } from './quality.ts'

/** The advice by kind of problem. */
export const ADVICE: Record<QualityProblem, string> = {
  no_consent:
    'The events came without consent to analytics, so nothing of them was kept. Send the visitor’s choice with each of them: see docs/consent.md#missing-consent.',
  no_identity_consent:
    'A login came without consent to identity, so it was not kept. That is right for visitors who refuse; otherwise send the choice: see docs/consent.md#missing-consent.',
  origin_not_allowed:
    'A browser sent the events from a page of another origin, and they were refused. Add the shop’s origin to the site (couture sites set SITE --origin URL), unless a stranger copied the snippet.',
  visitor_unproven:
    'The request named a visitor without proving it, and was refused. A server must send a secret key with events:write; a browser its cookie or the candidate that the visitor was made from.',
  visitor_missing: 'The call named neither a visitor nor a user, and was refused. Send anonymousId, or userId.',
  time_unreadable:
    'The time cannot be read, so the event was refused. It must be ISO 8601 such as 2026-03-01T09:30:00Z, or a number of seconds or milliseconds since 1970.',
  time_shifted:
    'The sender’s clock is off by more than a minute, so the time was corrected by the difference between sent_at and the arrival. Set the clock, or send the moment of sending as sent_at.',
  too_old:
    'The event is older than 7 days and was refused. Send history from a server, with a secret key that has the scope events:write.',
  in_future:
    'The event is more than a minute in the future and was refused. Send times with their zone, and the moment of sending as sent_at.',
  id_too_long:
    'The event’s id has more than 64 characters, so the event was refused. Send at most 64, the same for a retry.',
  id_unreadable:
    'The event’s id is missing or has characters that it must not have, so the event was refused. It must be 1 to 64 visible ASCII characters without @, and name nobody.',
  unknown_type:
    'The event has no name, or the call is of no known type, and it was refused. type must be a name such as add_to_cart; Segment’s calls are track, page, screen, identify, group and alias.',
  invalid_event: 'The event does not have the form of one and was refused; the example says what it must be.',
  invalid_request:
    'The request does not have the form of one, so all its events were refused; the example says what it must be.',
  event_too_large: 'The event is too large and was refused. An event must have at most 32 KiB.',
  too_many_events:
    'The request holds too many events, so all were refused. Send at most 50 at once, or 500 with a secret key.',
  text_cut:
    'A text is too long and was cut; the rest of the event was kept. Names have at most 64 characters, titles 1,024.',
  url_unreadable:
    'The page’s address cannot be read and was left out; the rest of the event was kept. url must be an absolute address that begins with http:// or https://.',
  blocked_identifier:
    'The identifier is a placeholder such as “null” or “undefined”, so the login was refused. Fill in the id of one person, or leave the login out.',
  invalid_token:
    'The token of the login or of the mail link is not valid, so it was refused. Sign it with the site’s secret, for the right audience, and not longer ago than it says.',
  items_unreadable:
    'The list of items cannot be read, so the event has none. items must be a list of objects such as [{"item_id": "A1", "price": 890, "quantity": 1}].',
  too_many_items: 'The event lists more than 200 items; the others were left out. Send at most 200.',
  item_unreadable:
    'An item is neither an object nor an id, and was left out. Send objects such as {"item_id": "A1", "price": 890}.',
  item_id_missing: 'An item has no id and no name, and was left out. Send its id as item_id.',
  item_id_rounded:
    'An item’s id is a number that is too large to keep its digits, so two articles could look like one. Send ids as texts.',
  price_unreadable:
    'A price cannot be read and counts as unknown. Send a number such as 1890.5, or a text such as "1 890,50 €".',
  quantity_unreadable: 'A quantity cannot be read and counts as one. Send a number such as 2 or 1.5.',
  amount_unreadable:
    'The value or total cannot be read and counts as unknown. Send a number such as 1890.5, or a text such as "1 890,50 €".',
  currency_unknown:
    'The currency is none that is known, so the site’s own applies if it has one. Send an ISO 4217 code such as EUR, or set the site’s currency (couture sites set SITE currency=EUR).',
  currency_missing:
    'The event has amounts and no currency, and the site has none either, so what they are worth is unknown. Send currency with an ISO 4217 code such as EUR, or set the site’s currency (couture sites set SITE currency=EUR).',
  order_id_missing:
    'The order has no id, so a page of thanks that is loaded twice counts twice, and a refund belongs to no order. Send the order’s id as transaction_id, as a text.',
}
