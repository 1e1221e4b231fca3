/** Conditions on carts as they are written: in JSON and in words. */
import { z } from 'zod'
import { CART_STEPS, type CartStep } from '../domain/commerce/cart-states.ts'
import { moneyWords } from './amounts.ts'
import { durationSchema, durationWords } from './duration.ts'
import type { Language, WordContext } from './nodes/node.ts'
import { enumerated } from './phrases.ts'
import { pieceSchema, pieceWords } from './pieces.ts'
import { numberTestSchema, testWords } from './test-value.ts'

const STATES = ['open', 'abandoned', 'recovered', 'converted'] as const

/** The schema of a condition on a cart. */
export const cartSchema = z.strictObject({
  state: z.enum(STATES, `must be one of ${STATES.join(', ')}`).optional(),
  step: z.enum(CART_STEPS, `must be one of ${CART_STEPS.join(', ')}`).optional(),
  value: numberTestSchema.optional(),
  contains: pieceSchema.optional(),
  idle: z.strictObject({ min: durationSchema.optional(), max: durationSchema.optional() }).optional(),
})

/** A condition on a cart. */
export type CartValue = z.infer<typeof cartSchema>

const DONE: Record<Language, Record<NonNullable<CartValue['state']> | 'any', string>> = {
  en: {
    open: 'have an open cart',
    abandoned: 'have abandoned a cart',
    recovered: 'came back and bought an abandoned cart',
    converted: 'bought a cart without abandoning it',
    any: 'have a cart',
  },
  fr: {
    open: 'ont un panier en cours',
    abandoned: 'ont abandonné un panier',
    recovered: 'sont revenues acheter un panier abandonné',
    converted: 'ont acheté un panier sans l’abandonner',
    any: 'ont un panier',
  },
}

const STEPS: Record<Language, Record<CartStep, string>> = {
  en: {
    cart: 'got at least to the cart',
    checkout: 'got at least to the checkout',
    shipping: 'got at least to the choice of delivery',
    payment: 'got to the payment',
  },
  fr: {
    cart: 'sont allées au moins jusqu’au panier',
    checkout: 'sont allées au moins jusqu’à la commande',
    shipping: 'sont allées au moins jusqu’au choix de la livraison',
    payment: 'sont allées jusqu’au paiement',
  },
}

/** A condition on a cart in words. */
export function cartWords(
  { state, step, value, contains, idle }: CartValue,
  { language, currency }: WordContext,
): string {
  const fr = language === 'fr'
  const isClosed = state === 'recovered' || state === 'converted'
  const having = contains === undefined ? '' : ` ${pieceWords(contains, language)}`
  const said = [`${DONE[language][state ?? 'any']}${having}`]
  if (step !== undefined) said.push(STEPS[language][step])
  if (value !== undefined) {
    const worth = testWords(value, language, (amount) => moneyWords(Number(amount), currency, language))
    said.push(fr ? `dont la valeur ${worth}` : `whose value ${worth}`)
  }
  if (idle?.min !== undefined) {
    const time = durationWords(idle.min, language)
    if (isClosed) said.push(fr ? `il y a au moins ${time}` : `at least ${time} ago`)
    else said.push(fr ? `n’y ont pas touché depuis au moins ${time}` : `have not touched it for at least ${time}`)
  }
  if (idle?.max !== undefined) {
    const time = durationWords(idle.max, language)
    if (isClosed) said.push(fr ? `il y a moins de ${time}` : `less than ${time} ago`)
    else said.push(fr ? `y ont touché il y a moins de ${time}` : `touched it less than ${time} ago`)
  }
  return enumerated(said, language)
}
