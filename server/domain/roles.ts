/** What keys and users may do: the scopes of the private routes, and which of them each role of a user includes. */

/** What a caller may do. `admin` includes everything, and alone gives sites, keys and users. */
export const SCOPES = [
  'events:write',
  'contacts:read',
  'contacts:write',
  'orders:write',
  'identify:write',
  'matches:read',
  'segments:read',
  'segments:write',
  'people:read',
  'links:write',
  'admin',
] as const

/** A scope by its name. */
export type Scope = (typeof SCOPES)[number]

/** A role's scopes, and whether it may download lists of people as files. */
type Permissions = { scopes: readonly Scope[]; exports: boolean }

/** The roles of users. What programs do, such as reporting logins, is for keys only. */
export const ROLES = {
  owner: { scopes: ['admin'], exports: true },
  marketer: {
    scopes: [
      ...(['contacts:read', 'contacts:write', 'orders:write', 'people:read'] as const),
      ...(['segments:read', 'segments:write', 'matches:read', 'links:write'] as const),
    ],
    exports: true,
  },
  reader: { scopes: ['people:read', 'segments:read'], exports: false },
} as const satisfies Record<string, Permissions>

/** A role by its name. */
export type Role = keyof typeof ROLES

/** The names of the roles, the most powerful first. */
export const ROLE_NAMES = Object.keys(ROLES) as [Role, ...Role[]]

/** Whether one of the needed scopes is held. If none is needed, every caller may. */
export function permits(held: readonly string[], needed: readonly Scope[]): boolean {
  return needed.length === 0 || held.includes('admin') || needed.some((scope) => held.includes(scope))
}
