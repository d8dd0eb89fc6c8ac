// How do frames travel as files: a shared folder, or one on a stick that is carried to and fro? (Node only)

import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Link, LinkError } from '@tercet/wire/conversation'
import { frameFileName, MAX_FRAME_BYTES, stepOfFileName } from '@tercet/wire/link'

const POLL_MILLISECONDS = 150

/**
 * One end of a folder link. The device that leaves, joins or changes its operator speaks first; the old device of a move
 * answers. The folder is made where it is missing and holds nothing of an earlier session. While it is away (the stick is
 * elsewhere), this end waits. @throws LinkError `carrier`
 */
export async function folderLink(path: string, side: 'speaks' | 'answers' = 'speaks'): Promise<Link> {
  await mkdir(path, { recursive: true }).catch(() => {
    throw new LinkError('carrier', `${path} is no folder that can be used`)
  })
  const before = await frames(path)
  if (before.some((name) => side === 'speaks' || stepOfFileName(name) !== 1))
    throw new LinkError('carrier', `${path} holds the frames of an earlier session: use an empty folder`)
  // By name, size and time: a file that was read half-copied is read again.
  const seen = new Set<string>()
  const written = new Set<string>()
  let closed = false

  return {
    async send(frame) {
      const name = frameFileName(frame)
      written.add(name)
      await writeWhole(path, name, frame)
    },
    async receive(signal) {
      while (!closed) {
        signal?.throwIfAborted()
        for (const name of await frames(path)) {
          if (written.has(name)) continue
          const frame = await readUnseen(join(path, name), seen)
          if (frame !== undefined) return frame
        }
        await sleep(POLL_MILLISECONDS, undefined, { ...(signal === undefined ? {} : { signal }) })
      }
      throw new LinkError('closed', 'the link is closed')
    },
    async close() {
      closed = true
    },
  }
}

/** Under another name first, so that nobody reads half a frame; on the medium when this returns. */
async function writeWhole(folder: string, name: string, bytes: Uint8Array): Promise<void> {
  const temporary = join(folder, `.${name}.part`)
  try {
    const file = await open(temporary, 'w', 0o600)
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, join(folder, name))
  } catch {
    await rm(temporary, { force: true }).catch(() => undefined)
    throw new LinkError('carrier', `cannot write ${name} into ${folder}`)
  }
}

async function readUnseen(path: string, seen: Set<string>): Promise<Uint8Array | undefined> {
  try {
    const { size, mtimeMs } = await stat(path)
    const version = `${path}:${size}:${mtimeMs}`
    if (seen.has(version)) return undefined
    const bytes = size > MAX_FRAME_BYTES ? undefined : new Uint8Array(await readFile(path))
    seen.add(version)
    return bytes
  } catch {
    // Gone between listing and reading.
    return undefined
  }
}

/** The names of the frames in the folder, in their order; none while it is away. */
async function frames(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => [])
  return names.filter((name) => stepOfFileName(name) !== undefined).sort(byStep)
}

function byStep(a: string, b: string): number {
  return (stepOfFileName(a) ?? 0) - (stepOfFileName(b) ?? 0) || (a < b ? -1 : 1)
}
