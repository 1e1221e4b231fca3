/** An event between the two stages. There are no values here. */
import type { WireEvent } from './wire.ts'

/** An event as the first stage makes it: the second gives it its id, and cleans its addresses. */
export type Draft = Omit<WireEvent, 'id'> & { id?: string }

/** Makes an event of this moment. */
export type MakeEvent = (type: string, props?: object) => Draft
