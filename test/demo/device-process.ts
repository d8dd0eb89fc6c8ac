// How does the demo talk to its device process?
import process from 'node:process'
import type { Place } from '../support/leak-search.js'
import { start } from '../support/processes.js'
import { built } from '../support/root.js'
import type { DeviceCall, DeviceCalls, FromDevice } from './device-calls.js'

export interface DeviceProcess {
  readonly pid: number | undefined
  call<Name extends keyof DeviceCalls>(
    name: Name,
    input: DeviceCalls[Name]['in'],
    onProgress?: (text: string) => void,
  ): Promise<DeviceCalls[Name]['out']>
  output(): Place[]
  stop(): Promise<number | string>
}

/** Starts a device process. Calls go over the channel between parent and child, no file and no network. */
export function startDevice(): DeviceProcess {
  const program = start('device', process.execPath, [built('test/dist/demo/device.js')], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  const { child } = program
  const waiting = new Map<number, { resolve: (output: unknown) => void; reject: (error: Error) => void }>()
  let listener: ((text: string) => void) | undefined
  let next = 1
  child.on('message', (message: FromDevice) => {
    if ('progress' in message) return listener?.(message.progress)
    const call = waiting.get(message.id)
    waiting.delete(message.id)
    if ('error' in message) call?.reject(new Error(`the device says ${message.error}`))
    else call?.resolve(message.output)
  })
  void program.ended().then((result) => {
    for (const { reject } of waiting.values())
      reject(new Error(`the device ended with ${result}: ${program.stderr()}`))
    waiting.clear()
  })
  return {
    pid: child.pid,
    call: (name, input, onProgress) => {
      listener = onProgress
      const id = next++
      const answered = new Promise<unknown>((resolve, reject) => waiting.set(id, { resolve, reject }))
      child.send({ name, input, id } as DeviceCall & { id: number })
      return answered as Promise<DeviceCalls[typeof name]['out']>
    },
    output: () => program.output(),
    stop: () => program.stop(),
  }
}
