/** Presets reach installations by their version. */
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { definitionSchema } from '../../server/segments/grammar.ts'
import { PRESETS } from '../../server/segments/preset-definitions.ts'

/** What was shipped under each version. Whoever changes a preset raises its version, and adds a line. */
const SHIPPED = {
  'cart_abandoned 2': 'b4bc16c5dcf68e72',
  'checkout_abandoned 1': '32f4145d5b651f20',
  'keeps_looking 1': '8893f638752a7f78',
  'category_fans 1': 'd97fdd987c4e45fe',
  'bounced 1': 'e4b4160fcc860e6e',
  'campaign_visitors 1': 'bf5c28d3eec386d5',
  'wishlist_waiting 1': 'bb214b5dce6eb0b8',
  'newsletter_readers 1': 'b03d47d9831e81d0',
  'anniversary_soon 1': 'fec9120d3409fd3c',
  'champions 1': 'dc6f3c4fae5abafc',
  'loyal 1': '7d2a713782911dd4',
  'new_customers 1': 'e0491dbea83e4cc5',
  'promising 1': 'b966f6c0c45260ed',
  'at_risk 1': '04cc7be13cb78b89',
  'hibernating 1': 'ee4a6f2aa06bef88',
  'lost 1': 'c039cc4743328e32',
  'churn_risk 1': '1123ca3da459ce00',
  'lapsed_buyers 1': 'cbf649cd809594cf',
  'cross_sell 1': 'ee3dfc410332e8c9',
  'next_tier 1': '19913dd2613a85e8',
  'unhappy 1': '271ba963f4886a62',
  'prospects 1': '82ac3625f5d5ef4e',
  'hot_unknown 1': 'bb388e7c0f667797',
}

test('a preset that changes has another version', () => {
  const digest = (content: unknown) => createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 16)
  const own = PRESETS.map(({ id, version, name, node }) => [`${id} ${version}`, digest({ name, node })])
  expect(SHIPPED).toMatchObject(Object.fromEntries(own))
})

test.each(PRESETS)('$id is a definition that the API would take', ({ node }) => {
  expect(definitionSchema().parse(node)).toEqual(node)
})
