/** Changes a site by NAME=VALUE assignments: settings, origins, and the secret or key that verifies logins. */
import { readFileSync } from 'node:fs'
import { Problem } from '../domain/problem.ts'
import { parseSetting } from '../domain/setting-text.ts'
import type { Site, SiteSettings } from '../domain/settings.ts'
import { newSecret } from '../ops/keyring.ts'
import { readPublicKey } from '../ops/public-key.ts'
import { updateSite } from '../store/sites.ts'
import type { Store } from './prepare-store.ts'
import { type By, noteSite, parseOrigin } from './sites.ts'

type Change = { origins?: string[]; identitySecret?: string; settings?: Partial<SiteSettings> }

/**
 * Applies all the changes, or throws one sentence and applies none. `files`: a key may be given as the name of a file, as
 * only an operator on this machine may.
 */
export async function changeSite(
  db: Store,
  site: Site,
  assignments: string[],
  by: By,
  { files }: { files: boolean },
): Promise<Site> {
  const change = readAssignments(assignments, files)
  const secret = change.identitySecret ?? site.identity_secret
  const publicKey = change.settings?.identity_public_key ?? site.settings.identity_public_key
  if (secret === '' && publicKey === '') {
    throw invalid('a site must have an identity_secret or an identity_public_key to check logins with')
  }
  // Names only: a value may be a secret.
  const changed = assignments.map((each) => each.slice(0, each.indexOf('=')))
  return updateSite(db, site.id, change, (trx) => noteSite(trx, 'set', site.id, by, { changed }))
}

/** A sentence for whoever gave the value, by a command or the API. */
function invalid(sentence: string): Problem {
  return new Problem(400, 'invalid_site', sentence)
}

/** Parses origins, or throws one sentence. */
export function readOrigins(texts: string[]): string[] {
  return texts
    .flatMap((each) => each.split(','))
    .map((text) => {
      const parsed = parseOrigin(text.trim())
      if ('error' in parsed) throw invalid(parsed.error)
      return parsed.origin
    })
}

/** Reads assignments, or throws one sentence. `files`: a key may be given as the name of a file. */
export function readAssignments(assignments: string[], files: boolean): Change {
  const change: Omit<Change, 'settings'> & { settings?: Record<string, unknown> } = {}
  for (const assignment of assignments) {
    const cut = assignment.indexOf('=')
    if (cut < 1) throw invalid(`a setting must be written NAME=VALUE (got "${assignment}")`)
    const name = assignment.slice(0, cut)
    const text = assignment.slice(cut + 1)
    if (name === 'origins') change.origins = readOrigins([text])
    else if (name === 'identity_secret') change.identitySecret = readIdentitySecret(text)
    else {
      const parsed = parseSetting(name, name === 'identity_public_key' ? readKey(text, files) : text)
      if ('error' in parsed) throw invalid(parsed.error)
      change.settings = { ...change.settings, [name]: parsed.value }
    }
  }
  return change as Change
}

function readIdentitySecret(text: string): string {
  if (text !== '' && text !== 'new') throw invalid(`identity_secret must be "new" or empty (got "${text}")`)
  return text === '' ? '' : newSecret()
}

/** Reads a public key for checking logins, given as PEM or as `@FILE`. */
function readKey(text: string, files: boolean): string {
  if (text === '') return ''
  const read = readPublicKey(files && text.startsWith('@') ? readKeyFile(text.slice(1)) : text)
  if ('error' in read) throw invalid(`identity_public_key ${read.error}`)
  return read.pem
}

function readKeyFile(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw invalid(`identity_public_key must be @ and a file that can be read: ${(error as Error).message}`)
  }
}
