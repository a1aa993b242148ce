// dnsmasq's grammar (option.c): it guesses the type of a word from its form. Writes words so that it cannot mistake them.

/** Numbers, with a unit or without: a lease time. */
const leaseTime = /^\d+[smhdw]?$/i
const keywords: ReadonlySet<string> = new Set(['ignore', 'infinite'])

/** A host's name as a word of a `dhcp-host` line. A dot behind it ends a name, and nothing else that may stand there. */
export function hostWord(name: string): string {
  return keywords.has(name) || leaseTime.test(name) ? `${name}.` : name
}

/**
 * Whether dnsmasq would cut the text of an option: it takes the last letter for the size of a number, even for text options and
 * without a digit. Such text cannot be written.
 */
export function isCutShort(text: string): boolean {
  return /^[\d-]*[bsi]$/.test(text)
}

/** A domain in a list of those to search: with a dot behind it, it is not cut short. */
export function domainWord(domain: string): string {
  return isCutShort(domain) ? `${domain}.` : domain
}

/** Whether text is taken for text, and not for bytes, numbers or addresses: there is a letter in it that none of these has. */
export function isPlainText(text: string): boolean {
  return /[g-z]/i.test(text)
}

/** A client identifier: text that consists of hexadecimal digits would be taken for bytes. */
export function clientIdWord(clientId: string): string {
  if (/^[0-9a-f]{2}(:[0-9a-f]{2})+$/.test(clientId) || isPlainText(clientId)) return `id:${clientId}`
  return `id:${Buffer.from(clientId)
    .toString('hex')
    .replaceAll(/..(?=.)/g, '$&:')}`
}
