/** The roles that an owner can give. */
import type { Role } from '../../api.ts'

/** The roles, the weakest first. */
export const ROLES = ['reader', 'marketer', 'owner'] as const satisfies readonly Role[]
