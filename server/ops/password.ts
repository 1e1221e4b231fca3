/**
 * Hashes the passwords of users with scrypt (RFC 7914), each with a salt of its own. The parameters are part of the hash,
 * so later versions can raise them. A check takes the same time whatever it compares with, and whether or not there is
 * anything to compare with.
 */
import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto'

type Cost = { N: number; r: number; p: number }

/** For passwords that people choose: 16 MiB and about a quarter of a second, as OWASP recommends. */
const CHOSEN: Cost = { N: 2 ** 14, r: 8, p: 5 }

/** For generated passwords: nobody guesses 120 random bits, however fast. */
const GENERATED: Cost = { N: 2 ** 10, r: 8, p: 1 }

const COSTS = [GENERATED, CHOSEN]
const SALT_BYTES = 16
const KEY_BYTES = 32

/** How many are computed at a time, so that attempts to sign in leave threads and memory for everything else. */
const AT_A_TIME = 2

let running = 0
const waiting: (() => void)[] = []

async function derive(password: string, salt: Buffer, cost: Cost): Promise<Buffer> {
  while (running >= AT_A_TIME) await new Promise<void>((resolve) => waiting.push(resolve))
  running++
  try {
    return await new Promise((resolve, reject) => {
      const options: ScryptOptions = cost
      // The same password is encoded differently by different keyboards.
      scrypt(password.normalize('NFKC'), salt, KEY_BYTES, options, (error, key) =>
        error ? reject(error) : resolve(key),
      )
    })
  } finally {
    running--
    waiting.shift()?.()
  }
}

/** The hash of a password, as it is stored. `generated`: by `newPassword`, not chosen by somebody. */
export async function hashPassword(password: string, { generated = false } = {}): Promise<string> {
  const cost = generated ? GENERATED : CHOSEN
  const salt = randomBytes(SALT_BYTES)
  const key = await derive(password, salt, cost)
  return `scrypt$${cost.N}$${cost.r}$${cost.p}$${salt.toString('base64url')}$${key.toString('base64url')}`
}

/** Whether a password belongs to a stored hash. Null is the hash of nobody, which takes as long. */
export async function checkPassword(password: string, stored: string | null): Promise<boolean> {
  const [kind, n, r, p, salt = '', hash = ''] = (stored ?? '').split('$')
  const salted = Buffer.from(salt, 'base64url')
  const expected = Buffer.from(hash, 'base64url')
  let isRight = false
  for (const cost of COSTS) {
    const key = await derive(password, salted.length > 0 ? salted : Buffer.alloc(SALT_BYTES), cost)
    const isOfThisCost = kind === 'scrypt' && n === `${cost.N}` && r === `${cost.r}` && p === `${cost.p}`
    if (isOfThisCost && expected.length === KEY_BYTES && timingSafeEqual(key, expected)) isRight = true
  }
  return isRight
}

/** A new password of 120 random bits. */
export function newPassword(): string {
  return randomBytes(15).toString('base64url')
}
