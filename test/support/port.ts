/** Ports for the servers that a test starts, also if it restarts them on the same port. */
import { createServer } from 'node:net'
import { ask, isShared } from './ask.ts'

/**
 * Below the ports that systems give to outgoing connections: one of those might take a port between the look whether it
 * is free and its use, or while a server is started again.
 */
const FIRST = 20_000
const LAST = 29_999

/** Gives out ports that are free now, none twice. Begins anywhere, for another run may have begun before. */
export function createPorts(): () => Promise<number> {
  let next = FIRST + Math.floor(Math.random() * (LAST - FIRST))
  const give = async (): Promise<number> => {
    const port = next
    next = port === LAST ? FIRST : port + 1
    return (await isFree(port)) ? port : give()
  }
  return give
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

const ownPorts = createPorts()

/** A port that no other test of this run has. */
export const freePort = (): Promise<number> => (isShared() ? ask('port', null) : ownPorts())
