// Which entries of a lock file say where a package is to be fetched from? None should.

/** One line for every entry of package-lock.json (its text) that names a host or a URL. */
export function installedFrom(lockFile: string): string[] {
  const { packages } = JSON.parse(lockFile) as { packages: Record<string, Entry> }
  return Object.entries(packages).flatMap(([path, entry]) => {
    // A workspace's own folder is "resolved" as a link; that names no host.
    const places = entry.link === true ? [] : [entry.resolved, entry.version]
    return places.some((place) => place?.includes('://') === true) || (entry.resolved && !entry.link)
      ? [`${path}: ${places.join(' ')}`]
      : []
  })
}

type Entry = { readonly resolved?: string; readonly version?: string; readonly link?: boolean }
