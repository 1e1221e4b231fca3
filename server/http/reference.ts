/** `GET /reference`: the API reference, an HTML page without scripts that is generated from the OpenAPI document. */
import { html, raw } from 'hono/html'
import type { ApiDocument, Operation, Schema } from './api-document.ts'

const STYLE = `
:root{color-scheme:light dark;--line:#8884;--soft:#777}
body{font:16px/1.55 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1.5rem}
h1,h2{font-weight:500}h2{margin:3rem 0 .5rem}
h3{margin:2.5rem 0 .5rem;font-size:1.1rem;border-top:1px solid var(--line);padding-top:1.5rem}
nav h3{margin:1rem 0 0;border:0;padding:0;font-size:1rem}nav ul{margin:.25rem 0}
code,pre{font:.875rem/1.5 ui-monospace,monospace}
pre{overflow:auto;padding:1rem;border:1px solid var(--line);border-radius:.5rem}
.verb{display:inline-block;min-width:4rem;font-weight:700}
table{border-collapse:collapse}td,th{text-align:left;vertical-align:top;padding:.25rem 1rem .25rem 0}
th{font-weight:500;color:var(--soft)}nav ul{columns:2 18rem;list-style:none;padding:0}
`

/** The page's content security policy, which allows only its own style. */
export const REFERENCE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"

type Call = { verb: string; path: string; operation: Operation }

/** Renders the reference page. */
export function referencePage(document: ApiDocument) {
  const calls = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([verb, operation]): Call => ({ verb: verb.toUpperCase(), path, operation })),
  )
  const groups = document.tags.map((tag) => ({
    ...tag,
    calls: calls.filter(({ operation }) => operation.tags?.includes(tag.name)),
  }))
  return html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Couture API</title><style>${raw(STYLE)}</style></head>
<body>
<h1>Couture API</h1>
<p>${document.info.description} For programs there is <a href="/openapi.json">openapi.json</a>.</p>
<nav aria-label="Calls">${groups.map(
    ({ name, calls }) => html`<h3>${name}</h3>
<ul>${calls.map((call) => html`<li><a href="#${idOf(call)}"><code>${call.verb} ${call.path}</code></a></li>`)}</ul>`,
  )}</nav>
<main>${groups.map(
    ({ name, description, calls }) => html`<h2>${name}</h2>
<p>${description}</p>
${calls.map((call) => section(call, document))}`,
  )}</main>
</body></html>`
}

function idOf({ verb, path }: Call): string {
  return `${verb}-${path}`.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')
}

function section(call: Call, document: ApiDocument) {
  const { operation, verb, path } = call
  const parameters = operation.parameters ?? []
  return html`<section aria-labelledby="${idOf(call)}">
<h3 id="${idOf(call)}"><code><span class="verb">${verb}</span> ${path}</code></h3>
<p>${operation.summary ?? ''}${operation.description ? `. ${operation.description}` : ''}</p>
${parameters.length === 0 ? '' : html`<table><tr><th scope="col">Parameter</th><th scope="col">In</th><th scope="col">What</th></tr>${parameters.map(parameter)}</table>`}
<pre tabindex="0">${exampleCall(call, document)}</pre>
<table><tr><th scope="col">Reply</th><th scope="col">When</th></tr>
${Object.entries(operation.responses).map(([status, { description }]) => html`<tr><td><code>${status}</code></td><td>${description}</td></tr>`)}
</table></section>`
}

function parameter({ name, in: place, required, schema, description }: NonNullable<Operation['parameters']>[number]) {
  const choices = schema?.enum?.join(', ') ?? schema?.type ?? ''
  const what = [description ?? schema?.description, required ? 'required' : '', choices].filter(Boolean).join('; ')
  return html`<tr><td><code>${name}</code></td><td>${place}</td><td>${what}</td></tr>`
}

/** A `curl` command for the call, with the examples of the document. */
function exampleCall({ verb, path, operation }: Call, document: ApiDocument): string {
  const lines = [`curl -X ${verb} "$COUTURE${filledPath(path, operation)}"`]
  // An operation without `security` has the default of the document, which is a key.
  if (operation.security?.some((scheme) => 'key' in scheme) ?? true) lines.push(`  -H "Authorization: Bearer $KEY"`)
  const body = exampleBody(operation, document)
  if (body !== undefined) {
    lines.push(
      `  -H 'Content-Type: application/json'`,
      `  -d '${JSON.stringify(body, null, 2).replaceAll("'", "'\\''")}'`,
    )
  }
  return lines.join(' \\\n')
}

/** A path with example values for its parameters: required query parameters always, others only without a body. */
export function filledPath(path: string, operation: Operation): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name) => {
    const found = operation.parameters?.find((each) => each.in === 'path' && each.name === name)
    return encodeURIComponent(String(found?.schema?.example ?? name))
  })
  const inQuery = operation.parameters?.filter((each) => each.in === 'query') ?? []
  const hasExample = (schema?: { example?: unknown }) => !operation.requestBody && schema?.example !== undefined
  const needed = inQuery.filter(({ required, schema }) => required || hasExample(schema))
  const query = new URLSearchParams(
    needed.map(({ name, schema }) => [name, String(schema?.enum?.[0] ?? schema?.example)]),
  )
  return query.size === 0 ? filled : `${filled}?${query}`
}

/** The example of a call's JSON body, or undefined without one. */
export function exampleBody(operation: Operation, document: ApiDocument): unknown {
  const content = operation.requestBody?.content['application/json']
  if (!content) return undefined
  if (content.example !== undefined) return content.example
  return exampleOf(content.schema, document)
}

function exampleOf(schema: Schema | undefined, document: ApiDocument): unknown {
  const name = schema?.$ref?.split('/').pop()
  return name === undefined ? schema?.example : document.components.schemas[name]?.example
}
