/** Objects of a definition: a key that the grammar does not know is an error that names it. */
import { z } from 'zod'

/** How much of an unknown key is repeated to whoever sent it. */
const SHOWN = 50

/** An object with these keys and no others. */
export function closedObject<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? `must not have the key "${String((issue.keys as string[])[0]).slice(0, SHOWN)}"`
        : 'must be an object',
  })
}
