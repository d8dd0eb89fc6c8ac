// Loaded into a program before it runs: both of its clocks are ahead by what a file says, so that a test can let days pass.

import { readFileSync } from 'node:fs'
import process from 'node:process'

const file = process.env.TERCET_TEST_CLOCK
if (file === undefined) throw new Error('TERCET_TEST_CLOCK names no file')

/** @returns {{ wall: number, monotonic: number }} milliseconds */
const ahead = () => JSON.parse(readFileSync(file, 'utf8'))
const now = Date.now
const monotonic = performance.now.bind(performance)
Date.now = () => now() + ahead().wall
Object.defineProperty(performance, 'now', { value: () => monotonic() + ahead().monotonic })
