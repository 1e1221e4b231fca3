/**
 * The collection of the demo shop: thirteen pieces, their prices and their drawings. It is data; a new piece is a row
 * here and appears on the home page, in the cart and as a picture automatically. The first bracelet is the one of the
 * demo's story: it has its own place at the top of the home page.
 */
import type { WireItem } from '../../tag/wire.ts'
import type { Drawing } from './drawings.ts'

/** The currency of all prices. */
const CURRENCY = 'EUR'

/** The sections of the home page, in order. */
export const CATEGORIES = [
  { id: 'bracelets', name: 'Bracelets', line: 'Closed by hand, on a clasp you can trust.' },
  { id: 'rings', name: 'Rings', line: 'Made to your size in nine working days.' },
  { id: 'necklaces', name: 'Necklaces', line: 'Chains drawn link by link.' },
  { id: 'earrings', name: 'Earrings', line: 'Light enough to forget, all day.' },
] as const

/** One piece; `price` is in euros, per unit. `french` is the name on its card in the case. */
export type Product = {
  id: string
  name: string
  french: string
  category: (typeof CATEGORIES)[number]['id']
  price: number
  description: string
  details: string[]
  drawing: Drawing
}

/** The piece of the story. */
export const STORY_PRODUCT = 'bracelet-white-gold'

/** The whole collection. */
export const PRODUCTS: Product[] = [
  {
    id: STORY_PRODUCT,
    name: 'White-gold bracelet',
    french: 'Bracelet or gris',
    category: 'bracelets',
    price: 890,
    description:
      'A supple line of small diamonds, each in its own collet, a little larger where the wrist turns to the light. It lies flat under a cuff and does not catch.',
    details: [
      '18-carat white gold, 11.2 g',
      '46 diamonds, 1.4 carats in all',
      '17.5 cm, box clasp with a safety catch',
    ],
    drawing: { kind: 'line', metal: 'white', stone: 'diamond', velvet: 'midnight' },
  },
  {
    id: 'bracelet-bangle-gold',
    name: 'Starlit bangle',
    french: 'Jonc étoilé',
    category: 'bracelets',
    price: 640,
    description:
      'A broad bangle with fifteen diamonds let into the metal, scattered like the first stars of an evening.',
    details: ['18-carat yellow gold', '15 diamonds, flush set', 'Inner diameter 6.2 cm'],
    drawing: { kind: 'bangle', metal: 'yellow', velvet: 'bottle' },
  },
  {
    id: 'bracelet-cuff-onyx',
    name: 'Onyx cuff',
    french: 'Bracelet toi et moi',
    category: 'bracelets',
    price: 520,
    description: 'Two faceted onyxes that meet on the wrist and never quite touch.',
    details: ['18-carat rose gold', 'Two onyxes of 9 mm', 'Open cuff, one size'],
    drawing: { kind: 'cuff', metal: 'rose', stone: 'onyx', velvet: 'plum' },
  },
  {
    id: 'bracelet-pearls',
    name: 'Pearl bracelet',
    french: 'Bracelet de perles',
    category: 'bracelets',
    price: 320,
    description: 'Freshwater pearls, matched by eye for their lustre and knotted one by one.',
    details: ['26 freshwater pearls, 7 mm', 'Yellow-gold clasp with a diamond', '18 cm'],
    drawing: { kind: 'pearl-bracelet', metal: 'yellow', velvet: 'slate' },
  },
  {
    id: 'ring-solitaire',
    name: 'First-light solitaire',
    french: 'Solitaire premier jour',
    category: 'rings',
    price: 1950,
    description: 'One diamond held high on six claws, so that light comes in from every side.',
    details: ['18-carat white gold', 'Brilliant of 0.5 carat', 'Sizes 48 to 62'],
    drawing: { kind: 'solitaire', metal: 'white', stone: 'diamond', velvet: 'slate' },
  },
  {
    id: 'ring-halo-sapphire',
    name: 'Sapphire halo ring',
    french: 'Bague saphir entouré',
    category: 'rings',
    price: 1490,
    description: 'A deep blue sapphire in a ring of diamonds: the evening, and the lamps going on.',
    details: ['18-carat white gold', 'Sapphire of 1.1 carats', '20 diamonds'],
    drawing: { kind: 'halo', metal: 'white', stone: 'sapphire', velvet: 'bottle' },
  },
  {
    id: 'ring-band-rose',
    name: 'Milgrain band',
    french: 'Alliance perlée',
    category: 'rings',
    price: 480,
    description: 'A wide band with a fine row of grains along either edge, rolled on with a tool older than the house.',
    details: ['18-carat rose gold', '6 mm wide', 'Engraving inside, up to 30 letters'],
    drawing: { kind: 'band', metal: 'rose', velvet: 'plum' },
  },
  {
    id: 'necklace-emerald',
    name: 'Emerald pendant',
    french: 'Pendentif émeraude',
    category: 'necklaces',
    price: 1180,
    description: 'A step-cut emerald in a plain frame of gold. Nothing else was needed.',
    details: ['18-carat yellow gold', 'Emerald of 1.3 carats', 'Chain of 45 cm'],
    drawing: { kind: 'pendant', metal: 'yellow', stone: 'emerald', velvet: 'tobacco' },
  },
  {
    id: 'necklace-pearls',
    name: 'Pearl strand',
    french: 'Collier chute de perles',
    category: 'necklaces',
    price: 760,
    description: 'Pearls that grow towards the middle, the way a sentence does towards its verb.',
    details: ['Akoya pearls, 5 to 9 mm', 'White-gold chain at the nape', '48 cm'],
    drawing: { kind: 'strand', metal: 'white', velvet: 'midnight' },
  },
  {
    id: 'necklace-medallion',
    name: 'North-star medallion',
    french: 'Médaille étoile du nord',
    category: 'necklaces',
    price: 540,
    description: 'A sixteen-pointed star in relief around a single ruby. For someone who travels, or waits.',
    details: ['18-carat yellow gold', 'Ruby of 0.2 carat', 'Chain of 50 cm'],
    drawing: { kind: 'medallion', metal: 'yellow', stone: 'ruby', velvet: 'plum' },
  },
  {
    id: 'earrings-pearl-drops',
    name: 'Pearl drops',
    french: 'Pendants de perles',
    category: 'earrings',
    price: 390,
    description: 'A diamond, a few links, and a pearl that moves when you do.',
    details: ['18-carat yellow gold', 'South Sea pearls, 10 mm', '3.4 cm long'],
    drawing: { kind: 'drops', metal: 'yellow', velvet: 'bottle' },
  },
  {
    id: 'earrings-hoops-rose',
    name: 'Rose-gold hoops',
    french: 'Créoles or rose',
    category: 'earrings',
    price: 350,
    description: 'Oval hoops, hollow and light, polished until they hold the room.',
    details: ['18-carat rose gold', '3.2 cm high', '2.1 g each'],
    drawing: { kind: 'hoops', metal: 'rose', velvet: 'slate' },
  },
  {
    id: 'earrings-ruby-studs',
    name: 'Ruby studs',
    french: 'Puces rubis',
    category: 'earrings',
    price: 720,
    description: 'Two rubies, four claws each. Small, and the first thing anyone sees.',
    details: ['18-carat white gold', 'Rubies of 0.4 carat each', 'Screw backs'],
    drawing: { kind: 'studs', metal: 'white', stone: 'ruby', velvet: 'tobacco' },
  },
]

/** A product by its id. */
export const productOf = (id: string): Product | undefined => PRODUCTS.find((product) => product.id === id)

/** A product in the form of commerce events, one piece, with absolute addresses below `home` (the shop's address). */
export function itemOf(product: Product, home: string): Required<Omit<WireItem, 'item_variant'>> {
  return {
    item_id: product.id,
    item_name: product.name,
    price: product.price,
    quantity: 1,
    item_category: product.category,
    url: `${home}/products/${product.id}`,
    image_url: `${home}/img/${product.id}.svg`,
  }
}

/** A price as shown to people: `€890`, `€1,950`. */
export const priceText = (price: number): string =>
  new Intl.NumberFormat('en-GB', { style: 'currency', currency: CURRENCY, maximumFractionDigits: 0 }).format(price)
