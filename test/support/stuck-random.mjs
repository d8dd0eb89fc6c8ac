// Loaded into a program before it runs: its random generator gives the same bytes for ever.

import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'

crypto.randomFillSync = (bytes) => bytes.fill(7)
syncBuiltinESMExports()
