// What does `npm run <task>` do? Checks Node, installs when needed, then runs the task's steps in order.
import process from 'node:process'

// Older Node versions must reach this message, so nothing newer than a plain import stands above it.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`Tercet needs Node 20.19 or newer; this is Node ${process.versions.node}.\n`)
  process.exit(1)
}

const { installIfNeeded } = await import('./tasks/install.mjs')
const { runTask } = await import('./tasks/tasks.mjs')

const [task = '', ...args] = process.argv.slice(2)
process.exitCode = installIfNeeded() ? await runTask(task, args) : 1
