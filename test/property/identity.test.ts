/**
 * What must hold for every visitor with any history: random moments and claims go through the fold and the
 * attribution, and no story may break a guarantee of the design. A failure prints its seed and the smallest story.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { byTimeThenId } from '../../server/domain/event.ts'
import type { Claim } from '../../server/domain/identity-evidence.ts'
import { BACKSTITCH, DAY, derive, MINUTE, ownerOf, type Story, story } from './stories.ts'

/** Checks a guarantee on many stories. */
function holds(check: (told: Story) => void, runs = Number(process.env.PROPERTY_RUNS ?? 1500)) {
  fc.assert(fc.property(story, check), { numRuns: runs })
}

test('the input order of claims and moments does not matter once they are sorted by time and id', () => {
  fc.assert(
    fc.property(
      story.chain((told) =>
        fc.record({
          told: fc.constant(told),
          events: fc.shuffledSubarray(told.events, { minLength: told.events.length }),
          claims: fc.shuffledSubarray(told.claims, { minLength: told.claims.length }),
        }),
      ),
      ({ told, events, claims }) => {
        const sorted = { ...told, events: [...events].sort(byTimeThenId), claims: [...claims].sort(byTimeThenId) }
        expect(derive(sorted)).toEqual(derive(told))
        // Claims need not even be sorted, because they are found by their moments.
        expect(derive({ ...told, claims })).toEqual(derive(told))
      },
    ),
    { numRuns: 500 },
  )
})

test('stretches cover all moments without gaps or overlaps', () => {
  holds((told) => {
    const { stretches } = derive(told)
    expect(stretches[0]!.from).toBe(0)
    expect(stretches.at(-1)!.to).toBe(told.events.length)
    for (const [n, stretch] of stretches.entries()) {
      expect(stretch.to).toBeGreaterThan(stretch.from)
      if (n > 0) expect(stretch.from).toBe(stretches[n - 1]!.to)
    }
  })
})

test('every claim gets exactly one outcome: a link, a refusal, or a place among a link’s proofs', () => {
  holds((told) => {
    const { links } = derive(told)
    const rows = links.flatMap((link) => (link.proofs.length > 0 ? link.proofs.map((proof) => proof.id) : [link.id]))
    expect(rows.sort()).toEqual(told.claims.map((claim) => claim.id).sort())
    for (const link of links) expect(link.reason).not.toBe('')
  })
})

test('valid links of different contacts do not overlap in time', () => {
  holds((told) => {
    const counting = derive(told).links.filter(
      (link) => ['open', 'closed'].includes(link.state) && link.backfillFrom !== null,
    )
    for (const a of counting) {
      for (const b of counting) {
        if (a === b) continue
        const starts = Math.max(a.backfillFrom!, b.backfillFrom!)
        const ends = Math.min(a.validTo ?? Number.POSITIVE_INFINITY, b.validTo ?? Number.POSITIVE_INFINITY)
        expect(starts).toBeGreaterThanOrEqual(ends)
      }
    }
  })
})

test('everything a contact has comes from one of its valid links', () => {
  holds((told) => {
    const { links, personOf } = derive(told)
    const counting = links.filter((link) => ['open', 'closed'].includes(link.state) && link.strength !== 'claimed')
    const contacts = new Set<string | null>(counting.map((link) => link.contact)).add(null)
    for (const person of personOf) expect(contacts).toContain(ownerOf(person))
  })
})

test('unsigned claims alone never give a contact anything', () => {
  holds((told) => {
    const claims = told.claims.map(
      (claim): Claim => ({ ...claim, evidence: 'login_claimed', message: null, usedBefore: false, act: null }),
    )
    const { personOf, shared } = derive({ ...told, claims, policy: { ...told.policy, trustUnsigned: false } })
    expect(personOf.filter((person) => ownerOf(person) !== null)).toEqual([])
    expect(shared).toBe(false)
  })
})

/** The number of each moment's session; on a shared device a session has no pause of ten minutes. */
function sessionsOf({ events, claims, policy }: Story, shared: boolean): number[] {
  const pauseMs = shared ? 10 * MINUTE : policy.sessionMs
  const voided = new Set(claims.filter((claim) => claim.act === 'void').map((claim) => claim.id))
  let session = 0
  let before: Story['events'][number] | null = null
  return events.map((event) => {
    if (voided.has(event.id)) return -1
    if (before && (before.reset || event.at - before.at >= pauseMs)) session++
    before = event
    return session
  })
}

test('an unsigned claim takes nothing from a running signed session', () => {
  holds((random) => {
    const told = { ...random, claims: random.claims.map((claim): Claim => ({ ...claim, act: null })) }
    const quiet = derive({ ...told, claims: told.claims.filter((claim) => claim.evidence === 'login_verified') })
    const loud = derive({
      ...told,
      claims: told.claims.filter((claim) => claim.evidence !== 'email_click' && claim.evidence !== 'form_email'),
    })
    const sessions = sessionsOf(told, loud.shared)
    for (const link of quiet.links) {
      for (const proof of link.proofs) {
        const index = told.events.findIndex((event) => event.id === proof.id)
        for (let n = index; sessions[n] === sessions[index]; n++)
          expect(ownerOf(loud.personOf[n]!)).toBe(ownerOf(quiet.personOf[n]!))
      }
    }
  })
})

test('an event sent without consent to identity never belongs to a contact', () => {
  holds((told) => {
    const { personOf } = derive(told)
    for (const [n, event] of told.events.entries()) if (!event.identity) expect(ownerOf(personOf[n]!)).toBeNull()
  })
})

test('nothing is stitched across a reset, from before a withdrawal, or from over 30 days before the proof', () => {
  holds((told) => {
    const { personOf, links } = derive(told)
    const proofs = links
      .filter((link) => ['open', 'closed'].includes(link.state) && link.strength !== 'claimed')
      .flatMap((link) => link.proofs.map((proof) => ({ ...proof, contact: link.contact })))
      .filter((proof) => {
        const claim = told.claims.find((each) => each.id === proof.id)!
        if (claim.act === 'confirm') return true
        // Where the site says so, a typed address prolongs a link that something else proves.
        if (proof.evidence === 'form_email') return told.policy.formConfirms
        return proof.evidence === 'login_claimed' ? told.policy.trustUnsigned : true
      })
    for (const [n, event] of told.events.entries()) {
      const owner = ownerOf(personOf[n]!)
      if (owner === null) continue
      if (told.denial !== null) {
        expect(event.at).toBeGreaterThan(told.denial.at)
        expect(told.denial.until).not.toBeNull()
      }
      // A proof at or before the event, or one after it with neither a reset nor 30 days between.
      const reasons = proofs.filter((proof) => {
        if (proof.contact !== owner) return false
        const index = told.events.findIndex((each) => each.id === proof.id)
        const [first, last] = [Math.min(n, index), Math.max(n, index)]
        if (told.events.slice(first, last).some((each) => each.reset)) return false
        // A cart comes whole if it was touched within the 30 days.
        const isCart = event.type.includes('cart')
        return index <= n ? event.at <= proof.at + 90 * DAY : isCart || event.at >= proof.at - BACKSTITCH
      })
      expect(reasons.length, `${event.id} is ${owner}'s`).toBeGreaterThan(0)
    }
  })
})

test('on a shared device a contact only has its sessions', () => {
  holds((told) => {
    const { shared, personOf, links } = derive(told)
    if (!shared) return
    const sessions = sessionsOf(told, shared)
    const proven = new Set(
      links.flatMap((link) =>
        link.proofs.map(
          (proof) => `${sessions[told.events.findIndex((event) => event.id === proof.id)]} ${link.contact}`,
        ),
      ),
    )
    for (const [n, person] of personOf.entries()) {
      const owner = ownerOf(person)
      if (owner === null) continue
      expect(proven).toContain(`${sessions[n]} ${owner}`)
    }
  })
})

test('where another contact logged in, and with a token that three visitors used, a click alone gives nothing', () => {
  holds((random) => {
    const told = { ...random, policy: { ...random.policy, formConfirms: false } }
    const { links, personOf } = derive(told)
    const standing = links.filter((link) => ['open', 'closed'].includes(link.state))
    for (const link of standing) {
      const claims = told.claims.filter(({ id }) => link.proofs.some((proof) => proof.id === id))
      if (link.evidence !== 'email_click' || claims.some(({ act }) => act === 'confirm')) continue
      const proofs = told.claims.filter(
        ({ holder, act }) => act !== 'void' && holder.kind === 'contact' && holder.id === link.contact,
      )
      const isProven =
        proofs.some(({ evidence, act }) => evidence === 'login_verified' || act === 'confirm') ||
        new Set(proofs.flatMap(({ message }) => message ?? [])).size > 1
      const others = links.filter(({ contact }) => contact !== link.contact)
      const isLoggedInto = others.some(({ proofs }) => proofs.some(({ evidence }) => evidence === 'login_verified'))
      if (!isProven) {
        expect(isLoggedInto).toBe(false)
        for (const { evidence, users } of claims) if (evidence === 'email_click') expect(users).toBeLessThan(3)
      }
    }
    for (const link of links.filter(({ reason }) => reason === 'possible_duplicate' || reason === 'forwarded')) {
      expect(['review', 'refused']).toContain(link.state)
      const has = standing.some(({ contact }) => contact === link.contact)
      if (!has) expect(personOf.map(ownerOf)).not.toContain(link.contact)
    }
  })
})

test('a voided claim has no effect: without it and its event the result is the same', () => {
  holds((told) => {
    const voided = new Set(told.claims.filter((claim) => claim.act === 'void').map((claim) => claim.id))
    const whole = derive(told)
    const without = derive({
      ...told,
      events: told.events.filter((event) => !voided.has(event.id)),
      claims: told.claims.filter((claim) => !voided.has(claim.id)),
    })
    const owners = whole.personOf.flatMap((person, n) => (voided.has(told.events[n]!.id) ? [] : [ownerOf(person)]))
    expect(owners).toEqual(without.personOf.map(ownerOf))
    expect(whole.links.filter((link) => !voided.has(link.id))).toEqual(without.links)
    expect(whole.shared).toBe(without.shared)
    const owned = (carts: typeof whole.carts) => carts.map(({ personId, id, state }) => [ownerOf(personId), id, state])
    expect(owned(whole.carts)).toEqual(owned(without.carts))
  })
})

test('a typed address gives its contact nothing, whatever the site says, and a cart carries only that of a contact that may be mailed', () => {
  holds((told) => {
    const claims = told.claims.map((claim): Claim => ({ ...claim, evidence: 'form_email', act: null }))
    for (const mailTyped of [false, true]) {
      const { personOf, carts } = derive({ ...told, claims }, mailTyped)
      expect(personOf.map(ownerOf).filter((owner) => owner !== null)).toEqual([])
      for (const cart of carts) {
        expect(ownerOf(cart.personId)).toBeNull()
        expect(cart.typedContact).not.toBe('carla')
      }
    }
  })
})

test('where sites do not tell them, typed addresses of other contacts take no event and no cart from anybody', () => {
  holds((told) => {
    // Without clicks, before which a typed address ends an epoch.
    const claims = told.claims.filter(
      (claim) => claim.evidence === 'login_verified' || (claim.evidence === 'form_email' && claim.act === null),
    )
    const proven = claims.filter((claim) => claim.evidence === 'login_verified')
    const policy = { ...told.policy, formConfirms: false }
    const [loud, quiet] = [derive({ ...told, claims, policy }), derive({ ...told, claims: proven, policy })]
    expect(loud.personOf.map(ownerOf)).toEqual(quiet.personOf.map(ownerOf))
    const owned = (carts: typeof loud.carts) => carts.map(({ personId, id, state }) => [ownerOf(personId), id, state])
    expect(owned(loud.carts)).toEqual(owned(quiet.carts))
  })
})

test('a claim refused on its own changes nothing: without it the result is the same', () => {
  holds((told) => {
    const whole = derive(told)
    // Not typed addresses: the last one decides whose address a cart carries, whether or not it names a contact.
    const named = whole.links.filter((link) => link.evidence !== 'form_email')
    const dead = named.filter((link) =>
      [
        'ambiguous_identifier',
        'not_in_crm',
        'erased',
        'minor',
        'token_reused',
        'token_expired',
        'forwarded',
        'token_revoked',
        'too_many_visitors',
        'identity_withdrawn',
      ].includes(link.reason),
    )
    const ids = new Set(dead.map((link) => link.id))
    const without = derive({ ...told, claims: told.claims.filter((claim) => !ids.has(claim.id)) })
    expect(without.personOf).toEqual(whole.personOf)
    expect(without.carts).toEqual(whole.carts)
    expect(without.links).toEqual(whole.links.filter((link) => !ids.has(link.id)))
  })
})
