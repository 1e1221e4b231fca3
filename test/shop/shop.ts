/**
 * A small jeweller's shop for demonstrating and testing Couture: pages, a cart, a login and a mailbox with a newsletter
 * to click. It stands for the customer's side: it uses the public tag and, with its own key, the private API, and knows
 * nothing else about the server it is mounted in. Never reuse its login: it asks for no password.
 */
import { type Context, Hono } from 'hono'
import { csrf } from 'hono/csrf'
import { createAssets } from './assets.ts'
import { CUSTOMERS, customerOf } from './customers.ts'
import { newsletterFor } from './newsletter.ts'
import { cartPage } from './pages/cart.ts'
import { checkoutPage, thanksPage } from './pages/checkout.ts'
import { homePage } from './pages/home.ts'
import { type PageData, shopPage } from './pages/layout.ts'
import { loginPage } from './pages/login.ts'
import { mailPage } from './pages/mail.ts'
import { missingPage } from './pages/missing.ts'
import { productPage } from './pages/product.ts'
import { securityHeaders } from './policy.ts'
import { itemOf, PRODUCTS, productOf } from './products.ts'
import { createSessions, type Visit } from './session.ts'

/** What the shop needs from the application that mounts it. */
export type ShopDeps = {
  /** The path it is mounted at, without a trailing slash. */
  base: string
  /** The site's id at Couture. */
  site: string
  /** Where Couture's tag is served. */
  tagPath: string
  /** The origin by which browsers reach the shop; known once the server listens. */
  publicUrl: () => string
  /** The secret that logins are signed with. */
  identitySecret: () => Promise<string>
  /** Couture's private API, called with the shop's key. */
  api: (path: string, init?: RequestInit) => Promise<Response>
  /** Milliseconds since 1970. */
  now: () => number
}

type View = Omit<Parameters<typeof shopPage>[0], 'base' | 'site' | 'tagPath' | 'customer' | 'data'> & { data: PageData }

/** The shop as an application to be mounted at `deps.base`. */
export function createShop(deps: ShopDeps): Hono {
  const { base, site, tagPath } = deps
  const shop = new Hono()
  const assets = createAssets()
  const sessions = createSessions(deps)
  const home = () => `${deps.publicUrl()}${base}`
  const allItems = () => PRODUCTS.map((product) => itemOf(product, home()))

  /** Renders a page for the current visitor; pages hold one-use tokens, so no cache may keep them. */
  const render = async (c: Context, view: (customer: Visit['customer']) => View) => {
    const { customer, identify, reset } = await sessions.visit(c)
    const { data, ...rest } = view(customer)
    c.header('Cache-Control', 'no-store')
    return c.html(shopPage({ ...rest, base, site, tagPath, customer, data: { ...data, identify, reset } }))
  }

  shop.use(securityHeaders)
  shop.use(csrf())

  shop.get('/', (c) => render(c, () => homePage(base)))
  shop.get('/products/:id', (c) => {
    const product = productOf(c.req.param('id'))
    return product ? render(c, () => productPage(base, product, itemOf(product, home()))) : missing(c)
  })
  shop.get('/cart', (c) => render(c, () => cartPage(base, allItems())))
  shop.get('/checkout', (c) => render(c, (customer) => checkoutPage(base, allItems(), customer)))
  shop.get('/thanks', (c) => render(c, () => thanksPage(base, c.req.query('order') ?? '')))

  shop.get('/login', (c) => render(c, (customer) => loginPage(base, customer)))
  shop.post('/login', async (c) => {
    const { customer: id } = await c.req.parseBody()
    const customer = typeof id === 'string' ? customerOf(id) : undefined
    if (!customer) return c.text('The form must name a customer of the shop.', 400)
    await sessions.login(c, customer)
    return c.redirect(base, 303)
  })
  shop.post('/logout', async (c) => {
    await sessions.logout(c)
    return c.redirect(base, 303)
  })

  shop.get('/mail', async (c) => {
    const owner = customerOf(c.req.query('inbox')) ?? CUSTOMERS[0]!
    c.header('Cache-Control', 'no-store')
    if (!owner.mail_consent) return c.html(mailPage(base, owner, { kind: 'nothing' }))
    try {
      return c.html(mailPage(base, owner, { kind: 'newsletter', links: await newsletterFor(owner, deps) }))
    } catch (error) {
      return c.html(mailPage(base, owner, { kind: 'failed', message: String(error) }), 502)
    }
  })

  for (const folder of ['assets', 'img'])
    shop.get(`/${folder}/:name`, (c) => assets(c, `${folder}/${c.req.param('name')}`) ?? missing(c))

  const missing = (c: Context) => {
    c.status(404)
    return render(c, () => missingPage(base))
  }
  shop.all('*', async (c): Promise<Response> => (c.req.path === `${base}/` ? c.redirect(base, 301) : missing(c)))
  return shop
}
