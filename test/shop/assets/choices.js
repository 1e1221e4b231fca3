/**
 * The shop's consent banner. Nothing is enabled before the visitor chooses, refusing is as easy as accepting, and the
 * choice can be changed from the footer of every page. Each new choice, and on every page the standing one, is reported
 * to Couture, refusals included, so that Couture never has to guess.
 */
import * as library from './choices-library.js'

/** The version of the text below, stored with every choice as the text that was agreed to. */
const POLICY = 'demo-1'

const sections = [
  {
    title: 'What this shop may remember',
    description: 'The cart and your login always work. Everything else is up to you, one by one.',
  },
  {
    title: 'Necessary',
    description: 'The cart in this browser, your login, and this choice.',
    linkedCategory: 'necessary',
  },
  {
    title: 'Measure',
    description: 'Gives this browser an id and records which pages and pieces you view.',
    linkedCategory: 'analytics',
  },
  {
    title: 'Recognise me',
    description: 'Connects those visits with your customer account when you log in or follow a link in our letter.',
    linkedCategory: 'identity',
  },
  {
    title: 'Use it for offers',
    description: 'Lets us write to you about a piece you looked at or left in the cart, if you agreed to our letters.',
    linkedCategory: 'marketing',
  },
]

const english = {
  consentModal: {
    title: 'May we remember you?',
    description:
      'With your consent we record what you view here, recognise you when you come back, and use it for offers that suit you. If you refuse, none of this happens.',
    acceptAllBtn: 'Accept all',
    acceptNecessaryBtn: 'Refuse all',
    showPreferencesBtn: 'Choose',
  },
  preferencesModal: {
    title: 'Cookie choices',
    acceptAllBtn: 'Accept all',
    acceptNecessaryBtn: 'Refuse all',
    savePreferencesBtn: 'Save my choice',
    closeIconLabel: 'Close',
    sections,
  },
}

/** Shows the banner if there is no choice yet. `tell` receives every choice for Couture; `changed` its outline. */
export async function startChoices({ tell, changed }) {
  const speak = () => {
    const [analytics, identity, marketing] = ['analytics', 'identity', 'marketing'].map(library.acceptedCategory)
    tell({ analytics, identity, marketing, policy: POLICY })
    changed(analytics ? (identity ? 'granted' : 'anonymous') : 'refused')
  }
  await library.run({
    mode: 'opt-in',
    hideFromBots: false,
    cookie: { name: 'cc_cookie', sameSite: 'Lax' },
    guiOptions: {
      consentModal: { layout: 'bar inline', position: 'bottom', equalWeightButtons: true },
      preferencesModal: { layout: 'box', equalWeightButtons: true },
    },
    categories: { necessary: { enabled: true, readOnly: true }, analytics: {}, identity: {}, marketing: {} },
    language: { default: 'en', translations: { en: english } },
    onConsent: speak,
    onChange: speak,
  })
  // They are served disabled, for before this they can show nothing.
  for (const button of document.querySelectorAll('[data-choices]')) {
    button.addEventListener('click', () => library.showPreferences())
    button.disabled = false
  }
}
