// What if one line were missing? Loaded before the node, this turns its `synchronous = FULL` into NORMAL.
import Database from 'better-sqlite3'

const { pragma } = Database.prototype
Database.prototype.pragma = function (this: Database.Database, source, options) {
  return pragma.call(this, source.replace('synchronous = FULL', 'synchronous = NORMAL'), options)
}
