/** `/api/v1/imports`: the history of imported files, their reports, and undoing one. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { Problem } from '../domain/problem.ts'
import { permits, type Scope } from '../domain/roles.ts'
import { undoImport, undoProblem } from '../import/undo.ts'
import { findImport, type ImportEntry, listImports, UNDO_MS } from '../store/imports.ts'
import { allow } from './auth.ts'
import type { HttpDeps, PrivateEnv } from './deps.ts'
import { importedFields, rejectedSchema } from './import-shapes.ts'
import { decodeCursor, encodeCursor, pageOf, pageQuery } from './paging.ts'
import { iso, json, refusal, refusals } from './shapes.ts'
import { operation } from './tags.ts'
import { onInvalid } from './validation.ts'

const undoneSchema = z.object({
  restored: z.number().openapi({ description: 'Rows that have their former values again.' }),
  removed: z.number().openapi({ description: 'Rows that the import had created.' }),
  kept: z
    .number()
    .openapi({ description: 'Rows that were left as they are, because something has changed them since.' }),
})

const importSchema = z
  .object({
    id: z.string(),
    kind: z.enum(['contacts', 'orders']),
    at: z.string(),
    actor: z.string().openapi({ description: 'A user by name, a key as `key:ID`, or a command as `cli:USER`.' }),
    file: z.string().nullable().openapi({ description: 'The name of the file, if it was given.' }),
    state: z.enum(['running', 'complete', 'cut short']).openapi({
      description: '`cut short`: the file ended early or the process did; the rows before that were imported.',
    }),
    created: z.number(),
    updated: z.number(),
    unchanged: z.number(),
    rejected_total: z.number(),
    undone: undoneSchema.extend({ at: z.string(), actor: z.string() }).nullable(),
    undo_until: z.string().nullable().openapi({ description: 'Until when it can be undone; null if it was.' }),
  })
  .openapi('Import')

const reportSchema = importSchema
  .extend({
    columns: importedFields.columns,
    questions: importedFields.questions,
    dialect: importedFields.dialect,
    notes: importedFields.notes,
    rejected: z.array(rejectedSchema).openapi({ description: 'The first 200 rejected rows.' }),
  })
  .openapi('ImportReport')

const LIST = 'imports'
const cursorSchema = z.object({ at: z.number(), id: z.string() })

const importId = z.object({ id: z.string().max(100).openapi({ example: 'import-unknown' }) })

/** Who may import may see what was imported. */
const READERS: Scope[] = ['contacts:read', 'contacts:write', 'orders:write']

/** The routes of the history of imports. */
export function importRoutes(deps: HttpDeps) {
  const app = new OpenAPIHono<PrivateEnv>({ defaultHook: onInvalid })
  const find = async (id: string) => {
    const entry = await findImport(deps.db, id, deps.now())
    if (entry === null) throw new Problem(404, 'unknown_import', `there is no import "${id}"`)
    return entry
  }
  return app
    .openapi(
      createRoute({
        method: 'get',
        path: '/imports',
        ...operation('Imports', 'listImports'),
        summary: 'List the imported files, newest first',
        middleware: [allow(deps, ...READERS)] as const,
        request: { query: pageQuery },
        responses: { 200: json('A page of imports', pageOf(importSchema)), ...refusals },
      }),
      async (c) => {
        const { after, limit } = c.req.valid('query')
        const rows = await listImports(deps.db, decodeCursor(LIST, after, cursorSchema), limit + 1, deps.now())
        const page = rows.slice(0, limit)
        const last = page.at(-1)
        const more = rows.length > limit
        const next = more && last ? encodeCursor(LIST, { at: last.at, id: last.id }) : null
        return c.json({ data: page.map(renderImport), next, has_more: more }, 200)
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/imports/{id}',
        ...operation('Imports', 'getImport'),
        summary: 'Read the report of an import again',
        middleware: [allow(deps, ...READERS)] as const,
        request: { params: importId },
        responses: {
          200: json('The import with its report', reportSchema),
          ...refusals,
          404: refusal('There is no such import'),
        },
      }),
      async (c) => {
        const entry = await find(c.req.valid('param').id)
        // It was written by the import, in the form of its reply.
        const {
          columns,
          questions,
          dialect,
          notes,
          rejected = [],
        } = entry.report as Partial<z.infer<typeof reportSchema>>
        return c.json({ ...renderImport(entry), columns, questions, dialect, notes, rejected }, 200)
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/imports/{id}/undo',
        ...operation('Imports', 'undoImport'),
        summary: 'Undo an import',
        description:
          'Rows that it changed get their former values back, and rows that it created are removed, unless something has ' +
          'changed them since. Possible for 30 days.',
        middleware: [allow(deps, 'contacts:write', 'orders:write')] as const,
        request: { params: importId },
        responses: {
          200: json('What became of its rows', undoneSchema),
          ...refusals,
          404: refusal('There is no such import'),
          409: refusal('The import is running, was undone, or is too old'),
        },
      }),
      async (c) => {
        const entry = await find(c.req.valid('param').id)
        const { actor, scopes } = c.get('caller')
        const needed: Scope = entry.kind === 'contacts' ? 'contacts:write' : 'orders:write'
        if (!permits(scopes, [needed])) throw new Problem(403, 'missing_scope', `undoing it needs the scope ${needed}`)
        const problem = undoProblem(entry, deps.now())
        if (problem !== null) throw new Problem(409, problem.code, problem.message)
        const { db, now, newId } = deps
        const undone = await undoImport({ db, now, newId, keysOf: await deps.keysOf() }, entry, actor)
        deps.wake()
        return c.json(undone, 200)
      },
    )
}

function renderImport({ id, kind, at, actor, file, state, counts, undone }: ImportEntry): z.infer<typeof importSchema> {
  const { created, updated, unchanged, rejected } = counts
  return {
    ...{ id, kind, at: iso(at), actor, file, state, created, updated, unchanged, rejected_total: rejected },
    undone: undone as z.infer<typeof importSchema>['undone'],
    undo_until: undone === null ? iso(at + UNDO_MS) : null,
  }
}
