// What does an application import? The wallet, its errors, and the types of what can be injected.

export type { Summary } from '@tercet/chains/summary'
export { type ErrorCode, type RequestName, type Retry, TercetError } from './errors.js'
export type { Listener, WalletEvent, WalletEvents } from './events.js'
export type { Recovery, RecoveryRegistration } from './keygen.js'
export type { KitCheck } from './kits.js'
export type { CreateOptions, OpenOptions, Signed, SignOptions, WalletOptions } from './options.js'
export type { Progress, RefreshStage, Stage } from './progress.js'
export type { RequestDraft } from './requests.js'
export type { RefreshOptions } from './reshare/refresh.js'
export type { DeviceStorage } from './storage/storage.js'
export { fetchTransport, type HttpRequest, type HttpResponse, type Transport } from './transport.js'
export { prepareDevice, Wallet } from './wallet.js'
