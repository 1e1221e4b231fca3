/**
 * The definitions of the presets: what a jeweller's marketer asks for most, in French and English. A number in a name is that
 * of the definition.
 */
import { CART_MAX_DAYS } from '../domain/commerce/cart-states.ts'
import type { SegmentDefinition } from './definitions.ts'
import type { SegmentNode } from './nodes/node.ts'

/** A segment that ships with a release. Its version increases with every release that changes it. */
export type Preset = SegmentDefinition & { version: number }

const preset = (id: string, fr: string, en: string, node: SegmentNode, version = 1): Preset => ({
  ...{ id, version, name: { fr, en }, node },
})

const BOUGHT: SegmentNode = { order: { count: { gte: 1 } } }

/** The presets of this release. */
export const PRESETS: Preset[] = [
  preset(
    'cart_abandoned',
    'Panier abandonné',
    'Cart abandoned',
    { cart: { state: 'abandoned', idle: { max: `${CART_MAX_DAYS}d` } } },
    2,
  ),
  preset('checkout_abandoned', 'Commande interrompue', 'Checkout abandoned', {
    cart: { state: 'abandoned', step: 'checkout', idle: { max: `${CART_MAX_DAYS}d` } },
  }),
  preset(
    'keeps_looking',
    'Revient voir le même article (3 fois en 14 jours)',
    'Keeps looking (one item 3 times in 14 days)',
    {
      all: [
        { event: { type: 'view_item', same: 'item_id', count: { gte: 3 }, within: '14d' } },
        { not: { event: { type: ['add_to_cart', 'purchase'], within: '14d' } } },
      ],
    },
  ),
  preset(
    'category_fans',
    'Fan d’une catégorie (5 articles vus en 30 jours)',
    'Fans of a category (5 items viewed in 30 days)',
    {
      event: { type: 'view_item', same: 'item_category', count: { gte: 5 }, within: '30d' },
    },
  ),
  preset('bounced', 'Visite éclair (moins de 10 secondes)', 'Bounced (under 10 seconds)', {
    all: [
      { event: { type: 'page', count: 1 } },
      { not: { event: { type: ['add_to_cart', 'purchase'] } } },
      { visitor: { sessions: 1, engaged_seconds: { lt: 10 }, last_seen: { within: '30d' } } },
    ],
  }),
  preset('campaign_visitors', 'Venues par une campagne (30 jours)', 'Reacted to a campaign (30 days)', {
    visitor: { campaign: { exists: true }, last_seen: { within: '30d' } },
  }),
  preset('wishlist_waiting', 'Liste d’envies en attente (60 jours)', 'Wishlist waiting (60 days)', {
    sequence: {
      first: { type: 'add_to_wishlist', within: '60d' },
      then: { type: 'purchase' },
      within: '7d',
      absent: true,
    },
  }),
  preset('newsletter_readers', 'Ont cliqué dans un e-mail (30 jours)', 'Newsletter readers (clicked in 30 days)', {
    visitor: { message: { exists: true }, last_seen: { within: '30d' } },
  }),
  preset('anniversary_soon', 'Anniversaire dans les 14 jours', 'Anniversary within 14 days', {
    any: [
      { contact: { attribute: 'birthday', anniversary_within: '14d' } },
      { contact: { attribute: 'wedding_anniversary', anniversary_within: '14d' } },
    ],
  }),
  preset('champions', 'Champions', 'Champions', { rfm: { group: 'champions' } }),
  preset('loyal', 'Clients fidèles', 'Loyal customers', {
    rfm: { group: { in: ['loyal_customers', 'potential_loyalist'] } },
  }),
  preset('new_customers', 'Nouveaux clients', 'New customers', { rfm: { group: 'new_customers' } }),
  preset('promising', 'Clients prometteurs', 'Promising customers', { rfm: { group: 'promising' } }),
  preset('at_risk', 'Clients à risque', 'Customers at risk', {
    rfm: { group: { in: ['at_risk', 'cant_lose_them', 'need_attention'] } },
  }),
  preset('hibernating', 'Clients en sommeil', 'Hibernating customers', { rfm: { group: 'about_to_sleep' } }),
  preset('lost', 'Clients perdus', 'Lost customers', { rfm: { group: 'lost' } }),
  preset('churn_risk', 'Risque de départ (probabilité sous 30 %)', 'Churn risk (probability under 30%)', {
    alive: { lt: 0.3 },
  }),
  preset('lapsed_buyers', 'À reconquérir (sans achat depuis 180 jours)', 'Lapsed buyers (no order for 180 days)', {
    order: { last: { before: '180d' } },
  }),
  preset('cross_sell', 'Ont acheté une bague, pas de boucles d’oreilles', 'Bought a ring, no earrings', {
    all: [
      { order: { contains: { item_category: { in: ['bague', 'bagues', 'ring', 'rings'] } } } },
      {
        not: {
          order: {
            contains: { item_category: { in: ['boucles d’oreilles', "boucles d'oreilles", 'earring', 'earrings'] } },
          },
        },
      },
    ],
  }),
  preset('next_tier', 'Proches du palier suivant (800 points)', 'Close to the next tier (800 points)', {
    contact: { attribute: 'loyalty_points', gte: 800, lt: 1000 },
  }),
  preset('unhappy', 'Clients mécontents (note de 2 ou moins)', 'Unhappy customers (rated 2 or less)', {
    contact: { attribute: 'satisfaction', lte: 2 },
  }),
  preset('prospects', 'Prospects (identifiés, sans achat)', 'Prospects (known, never bought)', {
    all: [{ matched: true }, { not: BOUGHT }],
  }),
  preset(
    'hot_unknown',
    'Inconnus très intéressés (3 visites en 14 jours)',
    'Hot unknown visitors (3 visits in 14 days)',
    {
      all: [{ matched: false }, { visitor: { sessions: { gte: 3 }, last_seen: { within: '14d' } } }],
    },
  ),
]
