/** `/api/v1/attributes`: the attributes of contacts, each with its one type, and changing a type. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { ATTRIBUTE_TYPES, foldedName } from '../domain/attribute.ts'
import { Problem } from '../domain/problem.ts'
import type { Scope } from '../domain/roles.ts'
import { changeAttributeType, describeAttributes, type ListedAttribute } from '../import/attributes.ts'
import { filesOf, listAttributes } from '../store/attributes.ts'
import { writeAudit } from '../store/audit.ts'
import { allow } from './auth.ts'
import type { HttpDeps, PrivateEnv } from './deps.ts'
import { json, refusal, refusals, tooLarge } from './shapes.ts'
import { operation } from './tags.ts'
import { onInvalid } from './validation.ts'

const attributeSchema = z
  .object({
    name: z.string(),
    type: z.enum(ATTRIBUTE_TYPES),
    set_by: z.enum(['evidence', 'operator']).openapi({
      description: '`evidence`: the values of the file or push that first had it; `operator`: somebody has chosen it.',
    }),
    count: z.number().openapi({ description: 'How many contacts have it.' }),
    unfit: z.number().openapi({ description: 'Of how many the value is not of the type, and is kept as it came.' }),
    examples: z.array(z.string()).openapi({
      description: 'Frequent values. A value that fewer than three contacts share is cut to its first character.',
    }),
    last_file: z.string().nullable().openapi({ description: 'The name of the last imported file that had it.' }),
  })
  .openapi('Attribute')

const nameParam = z.object({ name: z.string().min(1).max(200).openapi({ example: 'first_name' }) })

const changeSchema = z.strictObject({ type: z.enum(ATTRIBUTE_TYPES) })

/** Who may see or push contacts may see what is known of them in general. */
const READERS: Scope[] = ['contacts:read', 'contacts:write']

/** The routes of attributes. */
export function attributeRoutes(deps: HttpDeps) {
  const app = new OpenAPIHono<PrivateEnv>({ defaultHook: onInvalid })
  return app
    .openapi(
      createRoute({
        method: 'get',
        path: '/attributes',
        ...operation('Contacts', 'listAttributes'),
        summary: 'List the attributes of contacts with their types',
        middleware: [allow(deps, ...READERS)] as const,
        responses: { 200: json('All attributes, by name', z.object({ data: z.array(attributeSchema) })), ...refusals },
      }),
      async (c) => {
        const listed = await describeAttributes(deps.db, await listAttributes(deps.db))
        return c.json({ data: await rendered(deps, listed) }, 200)
      },
    )
    .openapi(
      createRoute({
        method: 'put',
        path: '/attributes/{name}',
        ...operation('Contacts', 'setAttributeType'),
        summary: 'Change the type of an attribute',
        description:
          'The values of all contacts are read again as that type. A value that does not fit is kept as it is, and counted ' +
          'in `unfit`. Names differ by more than case and accents.',
        middleware: [allow(deps, 'contacts:write')] as const,
        request: {
          params: nameParam,
          body: {
            required: true,
            content: { 'application/json': { schema: changeSchema, example: { type: 'text' } } },
          },
        },
        responses: {
          200: json('The attribute', attributeSchema.extend({ changed: z.number() })),
          ...refusals,
          404: refusal('There is no such attribute'),
          ...tooLarge,
        },
      }),
      async (c) => {
        const { name } = c.req.valid('param')
        const { type } = c.req.valid('json')
        const now = deps.now()
        const done = await changeAttributeType(deps.db, name, type, now)
        if (done === null) throw new Problem(404, 'unknown_attribute', `no contact has an attribute "${name}"`)
        deps.wake()
        const detail = { attribute: done.row.name, type, changed: done.changed, unfit: done.unfit }
        const actor = c.get('caller').actor
        await writeAudit(deps.db, { id: deps.newId(), at: now, actor, action: 'attributes.set', detail })
        const rows = await listAttributes(deps.db)
        const listed = await describeAttributes(
          deps.db,
          rows.filter((row) => row.name_key === foldedName(name)),
        )
        const [shown] = await rendered(deps, listed)
        if (shown === undefined) throw new Problem(404, 'unknown_attribute', `no contact has an attribute "${name}"`)
        return c.json({ ...shown, changed: done.changed }, 200)
      },
    )
}

async function rendered(deps: HttpDeps, listed: ListedAttribute[]): Promise<z.infer<typeof attributeSchema>[]> {
  const files = await filesOf(
    deps.db,
    listed.flatMap((row) => row.import_id ?? []),
  )
  return listed.map(({ name, type, set_by, count, unfit, examples, import_id }) => {
    const last_file = import_id === null ? null : (files.get(import_id) ?? null)
    return { name, type, set_by, count, unfit, examples, last_file }
  })
}
