/** Says where most events of the last hour came without consent, so that a shop that looks empty is not taken for one. */
import type { Overview } from '../../api.ts'
import type { Ui } from '../../texts/format.ts'

/** One notice for each site and way in. Nothing where all is well. */
export function MissingConsent({ ui: { t, f }, missing }: { ui: Ui; missing: Overview['missing_consent'] }) {
  if (missing.length === 0) return null
  return (
    <section class="card missing-consent" aria-labelledby="missing-consent-title" data-testid="missing-consent">
      <h2 id="missing-consent-title">{t.missingConsent}</h2>
      <ul>
        {missing.map(({ site, door, events, without_consent }) => (
          <li key={`${site} ${door}`}>
            <p class="sentence">{t.missingConsentSentence({ count: without_consent, of: events }, f.count)}</p>
            <p class="hint">{t.missingConsentAdvice(site, t.doors[door])}</p>
          </li>
        ))}
      </ul>
    </section>
  )
}
