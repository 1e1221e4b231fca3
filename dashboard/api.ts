/**
 * The one file that knows the server's addresses and the shape of its replies. A page gets a `Client` handed in and
 * never calls `fetch`. Whatever call is answered by 401 tells `onSignedOut` once before it fails, so that no page has
 * to think of sessions.
 */

export type Rate = { count: number; of: number; rate: number | null }
export type Money = { currency: string; value: number }
export type Carts = { count: number; values: Money[] }
export type Row = {
  visitors: number
  matched: Rate
  identity: Rate
  marketing: Rate
  withdrawals: number
  carts: { open: Carts; abandoned: Carts; recovered: Carts }
}
type Day = Row & { date: string }
export type Overview = { from: string; to: string; total: Row; days: Day[] }

type Evidence = 'login_verified' | 'email_click' | 'login_claimed' | 'form_email'
type WhyNotMailable = 'no_mail_consent' | 'no_marketing_consent' | 'not_a_contact' | 'minor'
export type Item = {
  item_id: string
  item_name?: string
  price?: number
  quantity?: number
  item_category?: string
  url?: string
  image_url?: string
}
export type Cart = {
  id: string
  url: string | null
  currency: string
  value: number
  updated_at: string
  state: 'open' | 'abandoned' | 'recovered' | 'converted'
  items: Item[]
}
export type Member = {
  person: { kind: 'contact' | 'visitor'; id: string }
  contact: { id: string; name: string | null; email: string | null } | null
  entered_at: string
  mailable: boolean
  why_not_mailable?: WhyNotMailable
  strength: 'verified' | 'confirmed' | null
  evidence: Evidence[]
  matched_at: string | null
  cart?: Cart
}
export type MemberPage = { data: Member[]; next: string | null; has_more: boolean }

/** A call that did not succeed. `status` is 0 where no answer came at all; `detail` is the server's own sentence. */
export class ApiError extends Error {
  readonly status: number
  readonly detail: string
  constructor(status: number, detail: string) {
    super(detail)
    this.status = status
    this.detail = detail
  }
}

/** What pages may ask of the server. */
export type Client = ReturnType<typeof createClient>

const MEMBERS_A_PAGE = 50

async function call(path: string, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(`/api/v1/${path}`, { credentials: 'same-origin', cache: 'no-store', ...init }).catch(
    (error: unknown) => {
      if (error instanceof DOMException && error.name === 'AbortError') throw error
      throw new ApiError(0, '')
    },
  )
  if (response.ok) return response
  throw new ApiError(response.status, await detailOf(response))
}

/** The sentence of a problem document, or the status line of an answer that is none (a proxy's error page). */
async function detailOf(response: Response): Promise<string> {
  const problem: unknown = await response.json().catch(() => null)
  const { detail, title } = (problem ?? {}) as { detail?: unknown; title?: unknown }
  if (typeof detail === 'string') return detail
  return typeof title === 'string' ? title : `${response.status} ${response.statusText}`.trim()
}

/** The calls of the private API, bound to one reaction to an ended session. */
export function createClient(onSignedOut: () => void) {
  async function read<T>(path: string, signal: AbortSignal): Promise<T> {
    try {
      const response = await call(path, { signal })
      return (await response.json()) as T
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) onSignedOut()
      throw error
    }
  }

  return {
    /** Whether the browser holds a valid session. */
    async signedIn(): Promise<boolean> {
      try {
        await call('session')
        return true
      } catch (error) {
        if (error instanceof ApiError && error.status === 401) return false
        throw error
      }
    },

    /** Opens a session; a wrong password fails with the server's sentence. */
    async signIn(password: string): Promise<void> {
      const headers = { 'content-type': 'application/json' }
      await call('session', { method: 'POST', headers, body: JSON.stringify({ password }) })
    },

    /** Ends the session. One that has already ended is no error. */
    async signOut(): Promise<void> {
      try {
        await call('session', { method: 'DELETE' })
      } catch (error) {
        if (!(error instanceof ApiError && error.status === 401)) throw error
      }
    },

    /** The figures of the days `from` to `to`, both included, as UTC dates. */
    overview: (from: string, to: string, signal: AbortSignal) =>
      read<Overview>(`reports/overview?${new URLSearchParams({ from, to })}`, signal),

    /** One page of the people with an abandoned cart, from the start or after a cursor. */
    abandoned: (after: string | null, signal: AbortSignal) => {
      const query = new URLSearchParams({ limit: String(MEMBERS_A_PAGE) })
      if (after !== null) query.set('after', after)
      return read<MemberPage>(`segments/cart_abandoned/members?${query}`, signal)
    },
  }
}
