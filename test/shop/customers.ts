/**
 * The three customers of the demo shop's CRM. Their times are fixed: seeding again sends the same versions, which
 * changes nothing. One of them has not agreed to mail, so that the demo shows what is then hidden.
 */

/** A customer of the CRM, in the form of `POST /api/v1/contacts`. */
export type Customer = {
  id: string
  email: string
  mail_consent: boolean
  mail_consent_at: string
  updated_at: string
  attributes: { first_name: string; last_name: string; city: string; tier: string; birthday_of_wife?: string }
}

/** All customers of the shop. */
export const CUSTOMERS: Customer[] = [
  {
    id: 'couture-demo-1',
    email: 'jean-pierre.martin@aurele.example',
    mail_consent: true,
    mail_consent_at: '2024-11-16T10:12:00.000Z',
    updated_at: '2025-01-15T09:00:00.000Z',
    attributes: {
      first_name: 'Jean-Pierre',
      last_name: 'Martin',
      city: 'Lyon',
      tier: 'gold',
      birthday_of_wife: '1979-11-23',
    },
  },
  {
    id: 'couture-demo-2',
    email: 'amelie.durand@aurele.example',
    mail_consent: true,
    mail_consent_at: '2024-06-03T18:40:00.000Z',
    updated_at: '2025-01-15T09:00:00.000Z',
    attributes: { first_name: 'Amélie', last_name: 'Durand', city: 'Nantes', tier: 'silver' },
  },
  {
    id: 'couture-demo-3',
    email: 'karim.benali@aurele.example',
    mail_consent: false,
    mail_consent_at: '2024-09-21T07:55:00.000Z',
    updated_at: '2025-01-15T09:00:00.000Z',
    attributes: { first_name: 'Karim', last_name: 'Benali', city: 'Marseille', tier: 'new' },
  },
]

/** Finds a customer by id. */
export const customerOf = (id: string | undefined): Customer | undefined =>
  CUSTOMERS.find((customer) => customer.id === id)

/** First and last name. */
export const nameOf = ({ attributes }: Customer): string => `${attributes.first_name} ${attributes.last_name}`
