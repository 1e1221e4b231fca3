/** The groups of the API's calls, as its description and its reference page show them. */

/** Each group with a sentence on what its calls are for, in the order of the reference. */
export const TAGS = {
  Collect:
    'Send events, from the tag or from a server. Public and write only: no reply tells whether a contact exists.',
  'Segment calls':
    "Segment's HTTP API: point an SDK at this host, with the site's write key or a secret key. SDKs repeat a request " +
    'that is answered by 429, 5xx or not at all.',
  'Tag and mail links': 'What browsers load: the tag, and the redirect of mail links.',
  Contacts: 'The customers of the CRM, with everything that is known of them.',
  Orders: 'Orders of other channels: tills, telephone, marketplaces.',
  Visitors: 'Browsers, known or not.',
  Links: 'What ties a visitor to a contact, why, and what operators said of it.',
  'Link tokens': "The tokens of a mailing's links, by which a click shows who followed it.",
  Matches: 'The feed that e-mail tools pull: contacts whose visits are known, and what changed.',
  Segments: 'Groups of people by what they do, and who is in them.',
  Reports: "The figures of the dashboard's first page.",
  Session: "The dashboard's sign-in. Programs use keys instead.",
  Operation: 'For those who run the server: health and metrics.',
} as const

/** The name of a group. */
export type Tag = keyof typeof TAGS

/** The group of a call and its name, by which generated clients call it: it never changes. */
export function operation(tag: Tag, operationId: string) {
  return { operationId, tags: [tag] }
}
