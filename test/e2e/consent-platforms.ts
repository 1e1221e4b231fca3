/**
 * Pages with real consent platforms from npm, and how a visitor answers each: by clicks on its own banner. c15t and the
 * framework of IAB come without a banner, and Consent Mode is an interface; these pages have plain buttons for them.
 */
import { readFile } from 'node:fs/promises'
import { build } from 'esbuild'
import type { Page } from 'playwright-core'
import type { ConsentPlatform } from '../../tag/wire.ts'

/** A platform on a page. Each act is what a visitor clicks. */
export type Platform = {
  source: ConsentPlatform
  body: string
  scripts: () => Promise<Record<string, string>>
  accept: (tab: Page) => Promise<void>
  refuse: (tab: Page) => Promise<void>
  /** Keeps everything but marketing, where the platform can. */
  narrow?: (tab: Page) => Promise<void>
  withdraw: (tab: Page) => Promise<void>
  policy: RegExp | undefined
}

const root = new URL('../../', import.meta.url)
const fromPackage = (path: string) => readFile(new URL(`node_modules/${path}`, root), 'utf8')
const click = (selector: string) => (tab: Page) => tab.click(selector)
const clicks =
  (...selectors: string[]) =>
  async (tab: Page) => {
    for (const selector of selectors) await tab.click(selector)
  }

/** Bundles a page's script with the packages that it imports. */
async function bundle(contents: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: new URL('.', import.meta.url).pathname },
    bundle: true,
    format: 'iife',
    write: false,
  })
  return outputFiles[0]!.text
}

const BUTTONS = `<button id="yes">Yes</button><button id="no">No</button><button id="some">Some</button>`

const vanilla: Platform = {
  source: 'vanilla-cookieconsent',
  scripts: async () => ({ '/cc.js': await fromPackage('vanilla-cookieconsent/dist/cookieconsent.umd.js') }),
  body: `<button data-cc="show-preferencesModal" id="again">Cookies</button><script src="/cc.js"></script><script>
    CookieConsent.run({
      hideFromBots: false, revision: 3,
      categories: { necessary: { enabled: true, readOnly: true }, analytics: {}, functionality: {}, ads: {} },
      language: { default: 'en', translations: { en: {
        consentModal: { title: 'Cookies?', acceptAllBtn: 'Accept all', acceptNecessaryBtn: 'Refuse all' },
        preferencesModal: { title: 'Cookies', acceptAllBtn: 'Accept all', acceptNecessaryBtn: 'Refuse all',
          savePreferencesBtn: 'Save', sections: ['analytics', 'functionality', 'ads'].map((name) => ({ title: name, linkedCategory: name })) },
      } } },
    })</script>`,
  accept: click('.cm [data-role=all]'),
  refuse: click('.cm [data-role=necessary]'),
  narrow: async (tab) => {
    await tab.click('#again')
    await tab.uncheck('.pm input[value=ads]')
    await tab.click('.pm [data-role=save]')
  },
  withdraw: clicks('#again', '.pm [data-role=necessary]'),
  policy: /^revision 3$/,
}

const klaro: Platform = {
  source: 'klaro',
  scripts: async () => ({ '/klaro.js': await fromPackage('klaro/dist/klaro.js') }),
  body: `<button id="again" onclick="klaro.show()">Cookies</button><script>
    var klaroConfig = { version: 1, default: true, acceptAll: true, services: [
      { name: 'session', purposes: ['analytics'], required: true },
      { name: 'matomo', purposes: ['analytics'] },
      { name: 'account', purposes: ['functional'] },
      { name: 'letters', purposes: ['marketing'] },
    ] }</script><script defer src="/klaro.js" charset="utf-8"></script>`,
  accept: click('.cookie-notice .cm-btn-success'),
  refuse: click('.cookie-notice .cn-decline'),
  narrow: clicks('#again', 'label[for=purpose-item-marketing]', '.cookie-modal .cm-btn-accept'),
  withdraw: async (tab) => {
    await tab.click('#again')
    for (const purpose of ['analytics', 'functional']) await tab.click(`label[for=purpose-item-${purpose}]`)
    await tab.click('.cookie-modal .cm-btn-accept')
  },
  policy: /^klaro 0\.7\.\d+$/,
}

const tarteaucitron: Platform = {
  source: 'tarteaucitron',
  scripts: async () => {
    const files = ['tarteaucitron.js', 'tarteaucitron.services.js', 'lang/tarteaucitron.en.js']
    return Object.fromEntries(
      await Promise.all(files.map(async (file) => [`/tac/${file}`, await fromPackage(`tarteaucitronjs/${file}`)])),
    )
  },
  body: `<script src="/tac/tarteaucitron.js"></script><script>
    tarteaucitron.init({ privacyUrl: '', hashtag: '#cookies', highPrivacy: true, DenyAllCta: true, orientation: 'bottom', useExternalCss: true })
    tarteaucitron.events = { load: () => { window.isReady = true } }
    for (const [key, type] of [['measure', 'analytic'], ['functional', 'other'], ['letters', 'ads']]) {
      tarteaucitron.services[key] = { key, type, name: key, uri: '', needConsent: true, cookies: [], js() {} }
      ;(tarteaucitron.job = tarteaucitron.job || []).push(key)
    }</script>`,
  accept: async (tab) => {
    await tab.waitForFunction('window.isReady')
    await tab.click('#tarteaucitronPersonalize2')
  },
  refuse: async (tab) => {
    await tab.waitForFunction('window.isReady')
    await tab.click('#tarteaucitronAllDenied2')
  },
  narrow: async (tab) => {
    await tab.evaluate('tarteaucitron.userInterface.openPanel()')
    await tab.click('#lettersDenied')
  },
  withdraw: async (tab) => {
    await tab.evaluate('tarteaucitron.userInterface.openPanel()')
    await tab.click('#tarteaucitronAllDenied')
  },
  policy: /^tarteaucitron 1\.\d+/,
}

const osano: Platform = {
  source: 'osano',
  scripts: async () => ({ '/osano.js': await fromPackage('cookieconsent/build/cookieconsent.min.js') }),
  body: `<script src="/osano.js"></script><script>
    addEventListener('load', () => cookieconsent.initialise({ type: 'opt-in', revokable: true, animateRevokable: false }))</script>`,
  accept: click('.cc-allow'),
  refuse: click('.cc-deny'),
  withdraw: clicks('.cc-revoke', '.cc-deny'),
  policy: undefined,
}

const c15t: Platform = {
  source: 'c15t',
  scripts: async () => ({
    '/c15t.js': await bundle(`import { getOrCreateConsentRuntime } from 'c15t'
      const { consentStore } = getOrCreateConsentRuntime({
        mode: 'offline', overrides: { country: 'FR' }, reloadOnConsentRevoked: false,
        consentCategories: ['necessary', 'functionality', 'measurement', 'marketing'],
      })
      const state = () => consentStore.getState()
      document.querySelector('#yes').onclick = () => state().saveConsents('all')
      document.querySelector('#no').onclick = () => state().saveConsents('necessary')
      document.querySelector('#some').onclick = () => {
        state().setSelectedConsent('marketing', false)
        state().saveConsents('custom')
      }`),
  }),
  body: `${BUTTONS}<script src="/c15t.js"></script>`,
  accept: click('#yes'),
  refuse: click('#no'),
  narrow: click('#some'),
  withdraw: click('#no'),
  policy: /^c15t 2\.\d+/,
}

const tcf: Platform = {
  source: 'tcf',
  scripts: async () => ({
    '/tcf.js': await bundle(`import { CmpApi } from '@iabtcf/cmpapi'
      import { GVL, TCModel, TCString } from '@iabtcf/core'
      const purposes = Object.fromEntries([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map((id) => [id, { id, name: 'p' + id }]))
      const list = new GVL({ gvlSpecificationVersion: 3, vendorListVersion: 7, tcfPolicyVersion: 5, lastUpdated: new Date(0),
        purposes, specialPurposes: {}, features: {}, specialFeatures: {}, vendors: {}, stacks: {}, dataCategories: {} })
      const api = new CmpApi(31, 4, true)
      const stored = localStorage.getItem('tc')
      const choose = (...ids) => {
        const model = new TCModel(list)
        Object.assign(model, { cmpId: 31, cmpVersion: 4, consentScreen: 1, consentLanguage: 'EN', isServiceSpecific: true })
        model.purposeConsents.set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
        model.publisherLegitimateInterests.set([2, 7, 8, 9, 10])
        model.publisherConsents.set(ids)
        localStorage.setItem('tc', TCString.encode(model))
        api.update(localStorage.getItem('tc'), false)
      }
      document.querySelector('#yes').onclick = () => choose(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
      document.querySelector('#no').onclick = () => choose()
      document.querySelector('#some').onclick = () => choose(1, 5, 8)
      if (stored) api.update(stored, false)
      else api.update('', true)`),
  }),
  body: `${BUTTONS}<script src="/tcf.js"></script>`,
  accept: click('#yes'),
  refuse: click('#no'),
  narrow: click('#some'),
  withdraw: click('#no'),
  policy: /^tcf \d+ cmp 31\.4$/,
}

const google: Platform = {
  source: 'google',
  scripts: async () => ({}),
  body: `${BUTTONS}<script>
    window.dataLayer = window.dataLayer || []
    function gtag() { dataLayer.push(arguments) }
    const TYPES = ['analytics_storage', 'ad_storage', 'ad_user_data', 'ad_personalization']
    const all = (state) => Object.fromEntries(TYPES.map((type) => [type, state]))
    gtag('consent', 'default', { ...all('granted'), wait_for_update: 500 })
    const stored = localStorage.getItem('choice')
    const choose = (states) => {
      localStorage.setItem('choice', JSON.stringify({ ...JSON.parse(localStorage.getItem('choice')), ...states }))
      gtag('consent', 'update', states)
    }
    if (stored) gtag('consent', 'update', JSON.parse(stored))
    yes.onclick = () => choose(all('granted'))
    no.onclick = () => choose(all('denied'))
    some.onclick = () => choose({ ad_storage: 'denied', ad_personalization: 'denied' })</script>`,
  accept: click('#yes'),
  refuse: click('#no'),
  narrow: click('#some'),
  withdraw: click('#no'),
  policy: undefined,
}

/** Each platform that the tag reads. */
export const PLATFORMS: Platform[] = [vanilla, klaro, tarteaucitron, osano, c15t, tcf, google]
