/**
 * Preloaded by the tests (`node --import`): chosen passwords are hashed at a fraction of the cost, as the clock is moved,
 * so that the product needs no switch that could weaken them. A check costs a quarter of a second of processor time
 * otherwise, and the tests sign in hundreds of times. `PASSWORDS=full` leaves the cost as it is.
 */
import crypto, { type ScryptOptions } from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'

/** What is more expensive than generated passwords are. */
const EXPENSIVE_N = 2 ** 10

const QUICK_N = 2 ** 6

type Done = (error: Error | null, key: Buffer) => void

const { scrypt } = crypto
const quick = (password: string, salt: Buffer, bytes: number, options: ScryptOptions, done: Done) => {
  const isQuick = process.env.PASSWORDS !== 'full' && (options.N ?? 0) > EXPENSIVE_N
  scrypt(password, salt, bytes, isQuick ? { ...options, N: QUICK_N } : options, done)
}
Object.assign(crypto, { scrypt: quick })
syncBuiltinESMExports()
