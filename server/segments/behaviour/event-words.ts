/** Events in words: what somebody did, with what, when and how often. */

import { moneyWords } from '../amounts.ts'
import { durationWords } from '../duration.ts'
import type { Language, Locale } from '../nodes/node.ts'
import { enumerated } from '../phrases.ts'
import { quoted, type Test, testWords } from '../test-value.ts'
import { currencyOf, type EventValue, type Field, PROPS, typesOf } from './event-value.ts'

const DID: Record<string, [en: string, fr: string]> = {
  page: ['viewed a page', 'vu une page'],
  view_item: ['viewed a product', 'vu un produit'],
  view_item_list: ['viewed a list of products', 'vu une liste de produits'],
  select_item: ['chosen a product from a list', 'choisi un produit dans une liste'],
  add_to_cart: ['added to the cart', 'ajouté au panier'],
  remove_from_cart: ['taken out of the cart', 'retiré du panier'],
  view_cart: ['viewed the cart', 'vu leur panier'],
  begin_checkout: ['begun the checkout', 'commencé la commande'],
  add_shipping_info: ['chosen the delivery', 'choisi la livraison'],
  add_payment_info: ['chosen the payment', 'choisi le paiement'],
  purchase: ['bought on the site', 'acheté sur le site'],
  refund: ['had a purchase refunded', 'été remboursées'],
  add_to_wishlist: ['added to the wish list', 'ajouté à la liste d’envies'],
  search: ['searched', 'fait une recherche'],
  login: ['signed in', 'ouvert une session'],
  sign_up: ['registered', 'créé un compte'],
  generate_lead: ['asked to be contacted', 'demandé à être contactées'],
  share: ['shared a page', 'partagé une page'],
}

const FIELD_WORDS: Record<Field, [en: string, fr: string]> = {
  item_id: ['the product’s id', 'l’identifiant du produit'],
  item_name: ['the product’s name', 'le nom du produit'],
  item_category: ['the category', 'la catégorie'],
  url: ['the page’s address', 'l’adresse de la page'],
  title: ['the page’s title', 'le titre de la page'],
  referrer: ['the referring page', 'la page d’origine'],
  campaign: ['the campaign', 'la campagne'],
  source: ['the source', 'la source'],
  medium: ['the medium', 'le support'],
  search_term: ['the search', 'la recherche'],
  value: ['the value', 'la valeur'],
  currency: ['the currency', 'la devise'],
  site: ['the site', 'le site'],
}

const SAME_WORDS: Record<Field, [en: string, fr: string]> = {
  ...FIELD_WORDS,
  item_id: ['the product', 'produit'],
  item_name: ['the product’s name', 'nom de produit'],
  item_category: ['the category', 'catégorie'],
  url: ['the page', 'page'],
  title: ['the page’s title', 'titre de page'],
  referrer: ['the referring page', 'page d’origine'],
  campaign: ['the campaign', 'campagne'],
  source: ['the source', 'source'],
  medium: ['the medium', 'support'],
  search_term: ['the search', 'recherche'],
  currency: ['the currency', 'devise'],
  site: ['the site', 'site'],
}

type WordContext = Locale & { language: Language }

/** What was done, as the part of a sentence after "have" (`ont`). */
export function didWords(event: EventValue, language: Language): string {
  const words = typesOf(event).map((type) => {
    const known = DID[type]
    if (known !== undefined) return known[language === 'fr' ? 1 : 0]
    return language === 'fr' ? `fait ${quoted(type, language)}` : `done ${quoted(type, language)}`
  })
  const last = words.pop() ?? ''
  return words.length === 0 ? last : `${words.join(', ')} ${language === 'fr' ? 'ou' : 'or'} ${last}`
}

/** The tests of an event in brackets, and when it was; empty if it has none. */
export function detailWords(event: EventValue, context: WordContext): string {
  const { language } = context
  const fr = language === 'fr'
  const tests = Object.entries(event.where ?? {}).map(([name, test]) => fieldWords(name, test, event, context))
  const said = tests.length === 0 ? '' : ` (${enumerated(tests, language)})`
  if (event.within !== undefined) {
    const time = durationWords(event.within, language)
    return `${said}${fr ? ` il y a moins de ${time}` : ` in the last ${time}`}`
  }
  if (event.between === undefined) return said
  const [from, to] = event.between.map((text) => dateWords(text, language))
  return `${said}${fr ? ` entre le ${from} et le ${to}` : ` between ${from} and ${to}`}`
}

/** That the events have one value in common. */
export function sameWords(same: Field, language: Language): string {
  const [en, fr] = SAME_WORDS[same]
  return language === 'fr' ? ` (même ${fr})` : ` (${en} being the same)`
}

function fieldWords(name: string, test: Test, { where = {} }: EventValue, context: WordContext): string {
  const { language } = context
  const own = name.startsWith(PROPS) ? undefined : FIELD_WORDS[name as Field]
  const subject = own === undefined ? quoted(name.slice(PROPS.length), language) : own[language === 'fr' ? 1 : 0]
  if (name !== 'value') return `${subject} ${testWords(test, language)}`
  const currency = currencyOf(where, context)
  const shown = (amount: unknown) =>
    typeof amount === 'number' ? moneyWords(amount, currency, language) : String(amount)
  return `${subject} ${testWords(test, language, shown)}`
}

function dateWords(text: string, language: Language): string {
  const isDay = text.length === 10
  const options = isDay
    ? { dateStyle: 'long', timeZone: 'UTC' }
    : { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' }
  return new Intl.DateTimeFormat(language === 'fr' ? 'fr' : 'en-GB', options as Intl.DateTimeFormatOptions).format(
    Date.parse(text),
  )
}
