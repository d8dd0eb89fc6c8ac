// Does any of these secrets occur, in any spelling, in these files and byte strings? One pass over every byte.
import { open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Encoding, type Pattern, patternsOf, type Secret } from './encodings.js'

/** Something to search: a file or bytes in memory. */
export type Place = { readonly name: string } & ({ readonly path: string } | { readonly bytes: Uint8Array })

export interface Finding {
  readonly secret: string
  readonly encoding: Encoding
  readonly place: string
  readonly offset: number
}

export interface SearchResult {
  readonly findings: readonly Finding[]
  readonly places: number
  readonly bytes: number
}

const CHUNK = 1 << 20
const PREFIX = 4

/** Searches every place for every secret. Every secret is reported once for each encoding and place. */
export async function searchLeaks(
  secrets: readonly Secret[],
  places: readonly Place[],
): Promise<SearchResult> {
  const index = new PatternIndex(secrets.flatMap(patternsOf))
  const findings: Finding[] = []
  let bytes = 0
  for (const place of places) {
    const seen = new Set<string>()
    for await (const { chunk, offset, fresh } of chunksOf(place, index.longest - 1)) {
      bytes += fresh
      index.search(chunk, (pattern, at) => {
        const key = `${pattern.secret}/${pattern.encoding}`
        if (seen.has(key)) return
        seen.add(key)
        findings.push({
          secret: pattern.secret,
          encoding: pattern.encoding,
          place: place.name,
          offset: offset + at,
        })
      })
    }
  }
  return { findings, places: places.length, bytes }
}

/** Every file below a folder, as places named by their path in it. */
export async function filesBelow(folder: string, name: string): Promise<Place[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return files.sort().map((path) => ({ name: `${name}${path.slice(folder.length)}`, path }))
}

/** Patterns by their first bytes, so that one pass finds them all. */
class PatternIndex {
  readonly longest: number
  readonly #byPrefix = new Map<number, Pattern[]>()
  /** Whether a pattern begins with these two bytes: the quick answer for nearly every position. */
  readonly #begins = new Uint8Array(65_536)

  constructor(patterns: readonly Pattern[]) {
    this.longest = Math.max(PREFIX, ...patterns.map(({ bytes }) => bytes.length))
    for (const pattern of patterns) {
      if (pattern.bytes.length < 8) throw new Error(`too short a pattern to mean anything: ${pattern.secret}`)
      const prefix = pattern.bytes.readUInt32BE(0)
      this.#byPrefix.set(prefix, [...(this.#byPrefix.get(prefix) ?? []), pattern])
      this.#begins[pattern.bytes.readUInt16BE(0)] = 1
    }
  }

  search(chunk: Buffer, found: (pattern: Pattern, at: number) => void): void {
    const end = chunk.length - PREFIX
    for (let at = 0; at <= end; at++) {
      const two = ((chunk[at] as number) << 8) | (chunk[at + 1] as number)
      if (this.#begins[two] === 0) continue
      for (const pattern of this.#byPrefix.get(chunk.readUInt32BE(at)) ?? []) {
        const { bytes } = pattern
        if (
          at + bytes.length <= chunk.length &&
          chunk.compare(bytes, 0, bytes.length, at, at + bytes.length) === 0
        )
          found(pattern, at)
      }
    }
  }
}

interface Chunk {
  readonly chunk: Buffer
  readonly offset: number
  /** Bytes that no chunk before held. */
  readonly fresh: number
}

/** A place's bytes in chunks that overlap, so that no pattern falls between two. */
async function* chunksOf(place: Place, overlap: number): AsyncGenerator<Chunk> {
  if ('bytes' in place) {
    yield { chunk: Buffer.from(place.bytes), offset: 0, fresh: place.bytes.length }
    return
  }
  const file = await open(place.path, 'r')
  try {
    const { size } = await stat(place.path)
    const buffer = Buffer.alloc(CHUNK + overlap)
    for (let offset = 0, kept = 0; ; ) {
      const { bytesRead } = await file.read(buffer, kept, CHUNK, offset)
      if (bytesRead === 0) {
        if (offset < size) throw new Error(`${place.name}: read ${offset} of ${size} bytes`)
        return
      }
      yield { chunk: buffer.subarray(0, kept + bytesRead), offset: offset - kept, fresh: bytesRead }
      offset += bytesRead
      const length = kept + bytesRead
      kept = Math.min(overlap, length)
      buffer.copy(buffer, 0, length - kept, length)
    }
  } finally {
    await file.close()
  }
}
