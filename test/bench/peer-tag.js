/**
 * A small analytics tag of the usual kind, to measure ours against: about the size of Umami's, and with its habits. It sends
 * each view and event at once in a request of its own, keeps nothing, and knows no consent.
 */
;((window) => {
  const { document, history, location, navigator, screen } = window
  const { currentScript, referrer } = document
  if (!currentScript) return
  const setting = (name) => currentScript.getAttribute(`data-${name}`)
  const site = setting('site-id')
  const host = setting('host-url') || currentScript.src.split('/').slice(0, -1).join('/')
  const hosts = (setting('domains') || '').split(',').filter(Boolean)
  const withoutQuery = setting('without-query') === 'true'
  const withoutFragment = setting('without-fragment') === 'true'
  const respectsSignal = setting('do-not-track') === 'true'
  const before = setting('before-send')
  const byHand = setting('by-hand') === 'true'
  const endpoint = `${host.replace(/\/$/, '')}/api/send`
  const EVENT = 'data-peer-event'
  const DETAIL = /^data-peer-event-([\w-]+)/
  const LATE_MS = 300

  const clean = (address) => {
    if (!address) return address
    try {
      const url = new URL(address, location.href)
      if (withoutQuery) url.search = ''
      if (withoutFragment) url.hash = ''
      return url.toString()
    } catch {
      return address
    }
  }

  let shown = clean(location.href)
  let from = clean(referrer.startsWith(location.origin) ? '' : referrer)
  let person
  let session
  let isOff = false
  let hasBegun = false

  const isForbidden = () => {
    let stored = null
    try {
      stored = window.localStorage.getItem('peer.disabled')
    } catch {
      // Blocked.
    }
    const signal = navigator.doNotTrack || window.doNotTrack
    return (
      isOff ||
      !site ||
      stored ||
      (hosts.length > 0 && !hosts.includes(location.hostname)) ||
      (respectsSignal && (signal === '1' || signal === 'yes'))
    )
  }

  const describe = () => ({
    website: site,
    screen: `${screen.width}x${screen.height}`,
    language: navigator.language,
    title: document.title,
    hostname: location.hostname,
    url: shown,
    referrer: from,
    tag: setting('tag') || undefined,
    id: person,
  })

  const send = async (payload, type = 'event') => {
    if (isForbidden()) return
    const change = window[before]
    const changed = typeof change === 'function' ? await change(type, payload) : payload
    if (!changed) return
    try {
      const reply = await fetch(endpoint, {
        keepalive: true,
        method: 'POST',
        body: JSON.stringify({ type, payload: changed }),
        headers: { 'Content-Type': 'application/json', ...(session && { 'x-peer-session': session }) },
        credentials: setting('fetch-credentials') || 'omit',
      })
      const said = await reply.json()
      if (said) {
        isOff = !!said.disabled
        session = said.cache
      }
    } catch {
      // Lost.
    }
  }

  const track = (name, data) => {
    if (typeof name === 'string') return send({ ...describe(), name, data })
    if (typeof name === 'object') return send({ ...name })
    if (typeof name === 'function') return send(name(describe()))
    return send(describe())
  }

  const identify = (id, data) => {
    if (typeof id === 'string') person = id
    session = ''
    return send({ ...describe(), data: typeof id === 'object' ? id : data }, 'identify')
  }

  const watchRouter = () => {
    const onMove = (_state, _title, url) => {
      if (!url) return
      from = shown
      shown = clean(new URL(url, location.href).toString())
      if (shown !== from) setTimeout(track, LATE_MS)
    }
    for (const name of ['pushState', 'replaceState']) {
      const original = history[name]
      history[name] = (...args) => {
        onMove(...args)
        return original.apply(history, args)
      }
    }
  }

  const watchClicks = () => {
    const report = (element) => {
      const name = element.getAttribute(EVENT)
      if (!name) return Promise.resolve()
      const details = {}
      for (const attribute of element.getAttributeNames()) {
        const found = attribute.match(DETAIL)
        if (found) details[found[1]] = element.getAttribute(attribute)
      }
      return track(name, details)
    }
    const onClick = (event) => {
      const element = event.target.closest('a,button')
      if (!element) return report(event.target)
      if (!element.getAttribute(EVENT)) return
      const { href, target } = element
      if (element.tagName !== 'A' || !href) return report(element)
      const isElsewhere = target === '_blank' || event.ctrlKey || event.shiftKey || event.metaKey || event.button === 1
      if (!isElsewhere) event.preventDefault()
      return report(element).then(() => {
        if (!isElsewhere) (target === '_top' ? window.top.location : location).href = href
      })
    }
    document.addEventListener('click', onClick, true)
  }

  const begin = () => {
    if (hasBegun) return
    hasBegun = true
    track()
    watchRouter()
    watchClicks()
  }

  if (!window.peer) window.peer = { track, identify, session: () => ({ session, site }) }
  if (byHand || isForbidden()) return
  if (document.readyState === 'complete') begin()
  else document.addEventListener('readystatechange', begin, true)
})(window)
