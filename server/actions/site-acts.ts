/** Changes of sites through the API: the same as by commands, and known to this server before the reply. */
import type { Kysely } from 'kysely'
import type { Site } from '../domain/settings.ts'
import type { Database } from '../store/schema.ts'
import { changeSite, readAssignments } from './site-changes.ts'
import { type By, createSite, removeSite } from './sites.ts'

/** Creates the acts. `refresh` lets the server read the sites again. */
export function createSiteActs(deps: { db: Kysely<Database>; refresh: () => Promise<unknown> }) {
  const { db } = deps
  const known = async <T>(work: Promise<T>): Promise<T> => {
    const done = await work
    await deps.refresh()
    return done
  }
  return {
    create(id: string, assignments: string[], by: By): Promise<Site> {
      const { origins = [], settings = {} } = readAssignments(assignments, false)
      return known(createSite(db, { id, origins, settings }, by))
    },
    change: (site: Site, assignments: string[], by: By) =>
      known(changeSite(db, site, assignments, by, { files: false })),
    remove: (id: string, by: By) => known(removeSite(db, id, by)),
  }
}
