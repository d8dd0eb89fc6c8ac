// What the type-checker knows of install.mjs, which must run before anything is installed.
type LockFile = { readonly packages?: Readonly<Record<string, object>> }

export const root: string
export function stale(wanted: LockFile, installed: LockFile | undefined): string | undefined
export function installIfNeeded(): boolean
