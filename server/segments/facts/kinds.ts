/** The kinds of facts by name. */
import type { FactKind, FactName } from './fact.ts'

/** All kinds of facts. A kind that is declared and missing here does not compile. */
export const FACTS: { [K in FactName]: FactKind<K> } = {}
