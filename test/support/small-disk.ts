/** A disk of a few megabytes in memory, for tests of what happens when it is full. Only root may mount one. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A mounted disk. */
export type SmallDisk = { path: string; resize(mib: number): void; remove(): void }

/** Mounts a disk of the given MiB; returns the reason as text if that is impossible. */
export function mountSmallDisk(mib: number): SmallDisk | string {
  if (process.platform !== 'linux') return 'a small disk is mounted on Linux only'
  if (process.getuid?.() !== 0) return 'only root may mount a small disk'
  const path = mkdtempSync(join(tmpdir(), 'couture-disk-'))
  const mount = (options: string) =>
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path], { stdio: 'pipe' })
  try {
    mount(`size=${mib}m`)
  } catch (error) {
    rmSync(path, { recursive: true })
    return `a small disk cannot be mounted here: ${(error as Error).message.split('\n')[1] ?? ''}`
  }
  return {
    path,
    resize: (size) => mount(`remount,size=${size}m`),
    remove() {
      execFileSync('umount', [path])
      rmSync(path, { recursive: true })
    },
  }
}
