/** The entries whose names begin with `prefix`, without it. */
export function under<T>(entries: Readonly<Record<string, T>>, prefix: string): Record<string, T> {
  const own = Object.entries(entries).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(own.map(([name, value]) => [name.slice(prefix.length), value]));
}

/** The entries with `prefix` before their names, such as `"model."`. */
export function prefixed<T>(entries: Readonly<Record<string, T>>, prefix: string): Record<string, T> {
  return Object.fromEntries(Object.entries(entries).map(([name, value]) => [prefix + name, value]));
}
