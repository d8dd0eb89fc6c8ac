// What does a wallet application on a device do? Its own process: an encrypted file, a wallet, signatures.
import { randomBytes } from 'node:crypto'
import process from 'node:process'
import { type DeviceStorage, prepareDevice, type Signed, Wallet } from '@tercet/client'
import { Exit, joinCode } from '@tercet/client/recovery'
import { folderLink } from '@tercet/client/recovery/folder'
import { fileStorage } from '@tercet/client/storage/file'
import { toBase64url } from '@tercet/wire/base64url'
import type { DeviceCalls, FromDevice, SignedAnswer, ToDevice } from './device-calls.js'

type Handlers = {
  [Name in keyof DeviceCalls]: (input: DeviceCalls[Name]['in']) => Promise<DeviceCalls[Name]['out']>
}

let storage: DeviceStorage | undefined
let wallet: Wallet | undefined

const handlers: Handlers = {
  async open({ path, passphrase }) {
    storage = await fileStorage({ path, passphrase })
    return { ...(await prepareDevice({ storage })), code: await joinCode({ storage }) }
  },
  async create({ node, expectedIdentity, publicKey, proof, ...policy }) {
    const device = opened(storage)
    const drawn: string[] = []
    const random = (length: number) => {
      const bytes = new Uint8Array(randomBytes(length))
      if (length === 48) drawn.push(Buffer.from(bytes).toString('hex'))
      return bytes
    }
    const created = await Wallet.create({
      node,
      storage: device,
      expectedIdentity,
      recovery: { publicKey, proof },
      ...policy,
      random,
      pool: { size: 0 },
      onProgress,
    })
    const draws = [...drawn]
    await created.close()
    // From here on as an application runs it: opened from the file, with the engine in its worker thread.
    wallet = await Wallet.open({ walletId: created.id, storage: device })
    return { walletId: wallet.id, address: wallet.address(), draws }
  },
  async reopen({ walletId }) {
    wallet = await Wallet.open({ walletId, storage: opened(storage) })
    return { address: wallet.address() }
  },
  async join({ folder, invitation, address }) {
    const link = await folderLink(folder)
    try {
      wallet = await Wallet.join({ storage: opened(storage), link, invitation, address, onProgress })
    } finally {
      await link.close()
    }
    return { walletId: wallet.id, address: wallet.address() }
  },
  async refresh() {
    await opened(wallet).refresh({
      onProgress,
    })
    return { address: opened(wallet).address() }
  },
  async keepDrill({ receipt }) {
    const bytes = new TextEncoder().encode(receipt)
    return { time: (await opened(wallet).recordDrill(bytes)).time }
  },
  async changeOperator({ node, expectedIdentity, folder }) {
    const link = await folderLink(folder)
    try {
      await opened(wallet).changeOperator({ node, expectedIdentity, link, onProgress })
    } finally {
      await link.close()
    }
    return { node: opened(wallet).node, address: opened(wallet).address() }
  },
  async leave({ walletId, folder, unsigned }) {
    await wallet?.close()
    wallet = undefined
    const link = await folderLink(folder)
    try {
      const exit = await Exit.open({ storage: opened(storage), walletId, link })
      const signed = answer(await exit.signTransaction(unsigned))
      await exit.close()
      return signed
    } finally {
      await link.close()
    }
  },
  async ready() {
    await opened(wallet).ready()
    return { presignatures: opened(wallet).presignatures }
  },
  async kit() {
    return { kit: toBase64url(await opened(wallet).recoveryKit()) }
  },
  pay: async ({ unsigned }) => answer(await opened(wallet).signTransaction(unsigned)),
  message: async ({ text }) => answer(await opened(wallet).signMessage(text)),
  typedData: async ({ typedData }) => answer(await opened(wallet).signTypedData(typedData)),
  async close() {
    await wallet?.close()
    await storage?.close()
    setImmediate(() => process.disconnect())
    return {}
  },
}

function onProgress({ stage, step, of }: { stage: string; step: number; of: number }): void {
  send({ progress: `${step} of ${of}: ${stage}` })
}

function answer({ serialized, mode, summary }: Signed & { serialized: `0x${string}` }): SignedAnswer {
  return { serialized, mode, summary: summary.map(({ label, value }) => `${label}: ${value}`) }
}

function opened<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the device is not open')
  return value
}

function send(message: FromDevice): void {
  process.send?.(message)
}

function run(call: ToDevice): Promise<DeviceCalls[keyof DeviceCalls]['out']> {
  switch (call.name) {
    case 'open':
      return handlers.open(call.input)
    case 'create':
      return handlers.create(call.input)
    case 'reopen':
      return handlers.reopen(call.input)
    case 'join':
      return handlers.join(call.input)
    case 'refresh':
      return handlers.refresh(call.input)
    case 'keepDrill':
      return handlers.keepDrill(call.input)
    case 'changeOperator':
      return handlers.changeOperator(call.input)
    case 'leave':
      return handlers.leave(call.input)
    case 'ready':
      return handlers.ready(call.input)
    case 'kit':
      return handlers.kit(call.input)
    case 'pay':
      return handlers.pay(call.input)
    case 'message':
      return handlers.message(call.input)
    case 'typedData':
      return handlers.typedData(call.input)
    case 'close':
      return handlers.close(call.input)
  }
}

process.on('message', (call: ToDevice) => {
  run(call).then(
    (output) => send({ id: call.id, output }),
    (error: unknown) =>
      send({ id: call.id, error: error instanceof Error ? `${error.name}: ${error.message}` : 'unknown' }),
  )
})
process.stdout.write('device: ready\n')
