// dnsmasq's grammar (option.c): it guesses from its looks what a word is. What would be read as something else is written so that it
// cannot be.

/** Numbers, with a unit or without: a lease time. */
const leaseTime = /^\d+[smhdw]?$/i
const keywords: ReadonlySet<string> = new Set(['ignore', 'infinite'])

/** A host's name as a word of a `dhcp-host` line. A dot behind it ends a name, and nothing else that may stand there. */
export function hostWord(name: string): string {
  return keywords.has(name) || leaseTime.test(name) ? `${name}.` : name
}

/**
 * Whether dnsmasq would cut text short that is the value of an option: it takes the last letter for the size of a number, also
 * where it wants text. There is no way to write such text.
 */
export function isCutShort(text: string): boolean {
  return /^-?\d+[bsi]$/i.test(text)
}
