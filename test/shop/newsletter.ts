/**
 * The shop's newsletter, as its mail program would send it: for each link the shop's server asks Couture for a token of
 * this customer and puts the returned address into the mail. A customer who has not agreed to mail receives none.
 */
import type { Customer } from './customers.ts'
import { type Product, productOf, STORY_PRODUCT } from './products.ts'

/** One product of the newsletter with the customer's own link. */
export type MailLink = { product: Product; url: string }

type Deps = {
  base: string
  site: string
  publicUrl: () => string
  api: (path: string, init?: RequestInit) => Promise<Response>
}

const FEATURED = [STORY_PRODUCT, 'ring-halo-sapphire', 'necklace-medallion', 'earrings-pearl-drops']

/** The links of a customer's copy, the story's bracelet first; throws the reply's text if Couture refuses. */
export async function newsletterFor(customer: Customer, deps: Deps): Promise<MailLink[]> {
  return Promise.all(
    FEATURED.map(async (id) => {
      const reply = await deps.api('/api/v1/link-tokens', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          site: deps.site,
          contacts: [customer.id],
          message: 'newsletter-1',
          target: `${deps.publicUrl()}${deps.base}/products/${id}`,
        }),
      })
      const text = await reply.text()
      const url = reply.ok ? (JSON.parse(text) as { data: { url: string }[] }).data[0]?.url : undefined
      if (!url) throw new Error(`No link for ${customer.id}: ${reply.status} ${text}`)
      return { product: productOf(id)!, url }
    }),
  )
}
