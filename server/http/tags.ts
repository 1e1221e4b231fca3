/** The groups of the API's operations, as the API document and the reference page show them. */

/** Each group with a description, in the order of the reference. */
export const TAGS = {
  Collect:
    'Send events from the tag or from a server. Public and write only: no reply reveals whether a contact exists.',
  'Segment calls':
    "Segment's HTTP API: point one of Segment's or RudderStack's SDKs at this host, with the site's write key or a secret " +
    'key. SDKs retry a request that gets 429, 5xx or no reply.',
  'Tag and mail links': 'What browsers load: the tag, and the redirect of mail links.',
  Contacts: 'The customers of the CRM, with everything known about them.',
  Orders: 'Orders from other channels: tills, telephone, marketplaces.',
  Imports: 'The files of contacts and orders that were imported, with their reports.',
  Visitors: 'Browsers, linked to a contact or not.',
  Consents: 'What visitors chose, as proof of consent.',
  Links: 'Links between visitors and contacts, the reasons for them, and the acts of operators on them.',
  'Link tokens': 'The tokens in the links of a mailing, which identify the recipient of a click.',
  Matches: 'The feed that email tools pull: contacts whose visits are known, and their changes.',
  Segments: 'Groups of people by behaviour, and their members.',
  Reports: "The figures of the dashboard's first page, and what the shops sent that could not be read.",
  Sites: 'The shops that may send events, with their secrets and settings.',
  Session: "The dashboard's sign-in. Programs use keys instead.",
  Users: 'Who signs in to the dashboard, with which role, and where they are signed in.',
  Keys: 'The keys of servers and tools: created, listed and revoked.',
  Audit: 'Who read, wrote, exported, signed in or changed what.',
  Operation: 'Health and metrics, for operators.',
} as const

/** The name of a group. */
export type Tag = keyof typeof TAGS

/** The group and the name of an operation. Generated clients use the name, so it never changes. */
export function operation(tag: Tag, operationId: string) {
  return { operationId, tags: [tag] }
}
