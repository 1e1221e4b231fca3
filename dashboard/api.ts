/**
 * The only file that knows the server's addresses and the shape of its replies. Pages receive a `Client` and never call
 * `fetch`. A call that is answered with 401 calls `onSignedOut` once before it fails, so that pages need not handle
 * ended sessions.
 */

import { type ClientResponse, hc, type InferResponseType, parseResponse } from 'hono/client'
import type { Api } from '../server/app.ts'
import { type Progress, upload } from './upload.ts'

type Routes = ReturnType<typeof hc<Api>>
/** Who is signed in, and what they may do. */
export type Me = InferResponseType<Routes['session']['$get'], 200>
export type User = InferResponseType<Routes['users']['$get'], 200>['data'][number]
export type Role = User['role']
export type OpenSession = InferResponseType<Routes['sessions']['$get'], 200>['data'][number]
export type Overview = InferResponseType<Routes['reports']['overview']['$get'], 200>
export type Row = Overview['total']
export type Rate = Row['matched']
export type Carts = Row['carts']['open']
export type Money = Carts['values'][number]
export type PastCart = Contact['past_carts'][number]
export type MemberPage = InferResponseType<Routes['segments'][':id']['members']['$get'], 200>
export type Member = MemberPage['data'][number]
export type Cart = NonNullable<Member['cart']>
export type Item = Cart['items'][number]
export type Contact = InferResponseType<Routes['contacts'][':id']['$get'], 200>
export type Visitor = Contact['visitors'][number]
export type ContactLink = Contact['links'][number]
export type TimelinePage = InferResponseType<Routes['contacts'][':id']['timeline']['$get'], 200>
export type TimelineEvent = TimelinePage['data'][number]

/** What an operator decided about a link. The last decision counts. */
export type LinkAct = InferResponseType<Routes['links'][':id']['$get'], 200>['acts'][number]
export type Act = LinkAct['act']
export type VisitorDetail = InferResponseType<Routes['visitors'][':id']['$get'], 200>
/** What needs review. `more`: at least one of the lists is cut off after the first thousand. */
export type Review = { links: ContactLink[]; shared: Visitor[]; more: boolean }

/** The outcome of an import. `rejected` may hold only the first rows of `rejected_total`. */
export type ImportReport = InferResponseType<Routes['contacts']['$post'], 200>

/** What the rows of a file are. */
export type FileOf = 'contacts' | 'orders'
/**
 * How a file is to be read: its content type, the fields of columns by heading, by what its rows find their customers if
 * that was asked, and whether it is only checked.
 */
export type FileReading = {
  type: string
  map: Record<string, string>
  match: 'email' | 'id' | null
  checking: boolean
}
export type Import = InferResponseType<Routes['imports']['$get'], 200>['data'][number]
export type Undone = InferResponseType<Routes['imports'][':id']['undo']['$post'], 200>

/** A failed call. `status` is 0 if there was no answer; `detail` is the server's own sentence, `code` its word for it. */
export class ApiError extends Error {
  readonly status: number
  readonly detail: string
  readonly code: string | null
  constructor(status: number, detail: string, code: string | null = null) {
    super(detail)
    this.status = status
    this.detail = detail
    this.code = code
  }
}

/** What pages may ask of the server. */
export type Client = ReturnType<typeof createClient>

const MEMBERS_A_PAGE = 50
const EVENTS_A_PAGE = 200
const REVIEW_A_STATE = 1000
const IMPORTS_SHOWN = 20

/** The abandoned carts as a file that spreadsheet programs open correctly. */
export const ABANDONED_CSV = '/api/v1/segments/cart_abandoned/members?format=csv&bom=true'

const api = hc<Api>('/api/v1')

/** The part of a reply that is read here. */
type Reply = Pick<Response, 'ok' | 'status' | 'statusText'> & { json(): Promise<unknown> }

/** Waits for a reply, whatever it says. */
async function answered<R extends Reply>(reply: Promise<R>): Promise<R> {
  return reply.catch((error: unknown) => {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new ApiError(0, '')
  })
}

/** Waits for a reply; throws with the server's sentence unless it succeeded. */
async function good<R extends Reply>(reply: Promise<R>): Promise<R> {
  const response = await answered(reply)
  if (response.ok) return response
  const { detail, code } = await problemIn(response)
  throw new ApiError(response.status, detail, code)
}

/** The sentence and the code of a problem document, or the status line of any other reply (a proxy's error page). */
async function problemIn(response: Reply): Promise<{ detail: string; code: string | null }> {
  const problem: unknown = await response.json().catch(() => null)
  const { detail, title, code }: { detail?: unknown; title?: unknown; code?: unknown } = Object(problem)
  const sentence = [detail, title].find((each) => typeof each === 'string')
  return {
    detail: sentence ?? `${response.status} ${response.statusText}`.trim(),
    code: typeof code === 'string' ? code : null,
  }
}

/** The calls of the private API for a user (null: nobody yet), with one reaction to an ended session. */
export function createClient(me: Me | null, onSignedOut: () => void) {
  /** Waits for a reply within the session; calls `onSignedOut` if it has ended. */
  async function inSession<R extends Reply>(reply: Promise<R>): Promise<R> {
    try {
      return await good(reply)
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) onSignedOut()
      throw error
    }
  }

  /** The JSON of a successful reply, typed by its route. */
  async function read<R extends ClientResponse<unknown>>(reply: Promise<R>) {
    return parseResponse(await inSession(reply))
  }

  /** An id encoded for a path; the typed client inserts it unchanged. */
  const param = (id: string) => ({ id: encodeURIComponent(id) })

  return {
    /** Whether the user's role includes a scope. The server decides; pages hide what it would refuse. */
    may: (scope: string): boolean => me !== null && ['admin', scope].some((each) => me.scopes.includes(each)),

    /** Whether the user may download lists of people. */
    mayExport: me?.exports === true,

    /** Who the browser's session is of; without one, the name of the only user if there is only one. */
    async session(): Promise<{ me: Me } | { onlyUser: string }> {
      const reply = api.session.$get()
      const response = await answered(reply)
      if (response.status !== 401) return { me: await parseResponse(good(reply)) }
      const { only_user: name }: { only_user?: unknown } = Object(await response.json().catch(() => null))
      return { onlyUser: typeof name === 'string' ? name : '' }
    },

    /** Opens a session; a wrong name or password fails with 401, too many of them with 429. */
    async signIn(name: string, password: string): Promise<void> {
      await good(api.session.$post({ json: { name, password } }))
    },

    /** Changes the own password; fails with 401 if the current one is wrong. */
    async changePassword(current: string, password: string): Promise<void> {
      await good(api.session.password.$post({ json: { current, password } }))
    },

    /** All users, for owners. */
    users: async (signal: AbortSignal): Promise<User[]> => (await read(api.users.$get({}, { init: { signal } }))).data,

    /** Adds a user, and returns the password that the server has made. */
    async addUser(user: { name: string; email: string | null; role: Role }): Promise<string> {
      return (await read(api.users.$post({ json: user }))).password ?? ''
    },

    /** Changes a user's role or password. */
    async changeUser(id: string, change: { role?: Role; password?: string }): Promise<void> {
      await inSession(api.users[':id'].$put({ param: param(id), json: change }))
    },

    /** Removes a user. */
    async removeUser(id: string): Promise<void> {
      await inSession(api.users[':id'].$delete({ param: param(id) }))
    },

    /** The open sessions: everybody's for owners, the own for others. */
    sessions: async (signal: AbortSignal): Promise<OpenSession[]> =>
      (await read(api.sessions.$get({}, { init: { signal } }))).data,

    /** Ends a session. */
    async endSession(id: string): Promise<void> {
      await inSession(api.sessions[':id'].$delete({ param: param(id) }))
    },

    /** Ends the session. A session that has already ended is not an error. */
    async signOut(): Promise<void> {
      try {
        await good(api.session.$delete())
      } catch (error) {
        if (!(error instanceof ApiError && error.status === 401)) throw error
      }
    },

    /** The figures of the days `from` to `to`, inclusive, as UTC dates. */
    overview: (from: string, to: string, signal: AbortSignal): Promise<Overview> =>
      read(api.reports.overview.$get({ query: { from, to } }, { init: { signal } })),

    /** Everything known about a contact; fails with 404 if it does not exist. */
    contact: (id: string, signal: AbortSignal): Promise<Contact> =>
      read(api.contacts[':id'].$get({ param: param(id) }, { init: { signal } })),

    /** The links that need review, those that the rules refused or voided, and the shared devices. */
    async review(signal: AbortSignal): Promise<Review> {
      const limit = String(REVIEW_A_STATE)
      const [shared, ...lists] = await Promise.all([
        read(api.visitors.$get({ query: { state: 'shared', limit } }, { init: { signal } })),
        ...(['review', 'refused', 'void'] as const).map((state) =>
          read(api.links.$get({ query: { state, limit } }, { init: { signal } })),
        ),
      ])
      const more = [shared, ...lists].some((list) => list.has_more)
      return { links: lists.flatMap(({ data }) => data), shared: shared.data, more }
    },

    /** How many links need review. */
    waiting: async (signal: AbortSignal): Promise<number> =>
      (await read(api.links.$get({ query: { state: 'review' } }, { init: { signal } }))).data.length,

    /** A browser with its links; fails with 404 if it does not exist any more. */
    visitor: (id: string, signal: AbortSignal): Promise<VisitorDetail> =>
      read(api.visitors[':id'].$get({ param: param(id) }, { init: { signal } })),

    /** The decisions about a link. */
    async said(id: string, signal: AbortSignal): Promise<LinkAct[]> {
      return (await read(api.links[':id'].$get({ param: param(id) }, { init: { signal } }))).acts
    },

    /** Marks a link as an error, confirms it, or clears the decision. */
    async decide(id: string, act: Act): Promise<void> {
      await inSession(api.links[':id'][act].$post({ param: param(id) }))
    },

    /** One page of a contact's events, oldest first, from the start or after a cursor. */
    timeline: (id: string, after: string | null, signal: AbortSignal): Promise<TimelinePage> => {
      const query = { limit: String(EVENTS_A_PAGE), ...(after === null ? {} : { after }) }
      return read(api.contacts[':id'].timeline.$get({ param: param(id), query }, { init: { signal } }))
    },

    /** Sends a file unchanged; `type` tells the server how to read it. `checking`: nothing is written. */
    async importFile(
      of: FileOf,
      file: File,
      how: FileReading,
      onProgress: Progress,
      signal: AbortSignal,
    ): Promise<ImportReport> {
      const query = new URLSearchParams({
        file: file.name,
        ...(Object.keys(how.map).length > 0 ? { map: JSON.stringify(how.map) } : {}),
        ...(how.match === null ? {} : { match: how.match }),
        ...(how.checking ? { dry_run: 'true' } : {}),
      })
      const reply = await inSession(upload(`/api/v1/${of}?${query}`, file, how.type, onProgress, signal))
      return reply.json()
    },

    /** The last imported files. */
    imports: async (signal: AbortSignal): Promise<Import[]> =>
      (await read(api.imports.$get({ query: { limit: String(IMPORTS_SHOWN) } }, { init: { signal } }))).data,

    /** Undoes an import, and returns what became of its rows. */
    undoImport: (id: string): Promise<Undone> => read(api.imports[':id'].undo.$post({ param: param(id) })),

    /** One page of the people with an abandoned cart, from the start or after a cursor. */
    abandoned: (after: string | null, signal: AbortSignal): Promise<MemberPage> => {
      const query = { sort: 'newest' as const, limit: String(MEMBERS_A_PAGE), ...(after === null ? {} : { after }) }
      return read(api.segments[':id'].members.$get({ param: { id: 'cart_abandoned' }, query }, { init: { signal } }))
    },
  }
}
