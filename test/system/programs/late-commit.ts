// What if a node answered before its transaction was on disk? Loaded before the node, this makes every commit late.
import Database from 'better-sqlite3'

/** Longer than it takes an answer to leave, shorter than a device needs for its next request. */
const LATE_MS = 100

const { prepare, exec } = Database.prototype
let due: (() => void) | undefined

/** What was to be committed is committed before anything else begins. */
function settle(): void {
  const commit = due
  due = undefined
  commit?.()
}

function lately(this: Database.Database, source: string) {
  if (source === 'begin' || source.startsWith('PRAGMA')) settle()
  const statement = prepare.call(this, source)
  if (source !== 'commit') return statement
  return Object.assign(statement, {
    run: () => {
      due = () => exec.call(this, 'commit')
      setTimeout(settle, LATE_MS)
      return { changes: 0, lastInsertRowid: 0 }
    },
  })
}
Object.assign(Database.prototype, { prepare: lately })
