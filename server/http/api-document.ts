/** The parts of an OpenAPI document that are written and read here. */

type Content = Record<string, { schema?: Schema; example?: unknown }>

/** One operation. */
export type Operation = {
  operationId?: string
  tags?: string[]
  summary?: string
  description?: string
  security?: Record<string, string[]>[]
  parameters?: {
    name: string
    in: string
    required?: boolean
    description?: string
    schema?: { type?: string; enum?: string[]; default?: unknown; example?: unknown; description?: string }
  }[]
  requestBody?: { required?: boolean; content: Content }
  responses: Record<string, { description: string; content?: Content }>
}

/** A JSON schema, with the keywords that are read here. */
export type Schema = { $ref?: string; example?: unknown; type?: unknown; [keyword: string]: unknown }

/** Operations by path and method. */
export type Paths = Record<string, Record<string, Operation>>

/** An OpenAPI document. */
export type ApiDocument = {
  openapi: string
  info: { title: string; version: string; description: string }
  tags: { name: string; description: string }[]
  paths: Paths
  components: { schemas: Record<string, Schema> }
}
