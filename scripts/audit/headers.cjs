'use strict'
// What the kernel's headers say: finds out which names they have, then has a generated C program print their values.
const { execFileSync } = require('node:child_process')
const { mkdtempSync, rmSync, writeFileSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')

// sys/socket.h, of libc, has the address families; it must come first. The others are the kernel's.
const names = `
  sys/socket.h stddef.h errno.h time.h linux/version.h
  linux/netlink.h linux/genetlink.h linux/rtnetlink.h linux/net_namespace.h linux/nsfs.h linux/sched.h linux/mount.h
  linux/if.h linux/if_link.h linux/if_addr.h linux/if_addrlabel.h linux/if_arp.h linux/if_ether.h linux/if_packet.h
  linux/if_bridge.h linux/if_vlan.h linux/if_tun.h linux/if_tunnel.h linux/if_bonding.h linux/if_macsec.h linux/if_team.h
  linux/if_xdp.h linux/veth.h linux/can/vxcan.h linux/wireguard.h linux/gtp.h linux/fou.h linux/l2tp.h linux/ip6_tunnel.h
  linux/in.h linux/in6.h linux/ip.h linux/ipv6.h linux/ipv6_route.h linux/icmpv6.h linux/tcp.h linux/neighbour.h
  linux/fib_rules.h linux/nexthop.h linux/lwtunnel.h linux/mpls.h linux/mpls_iptunnel.h linux/seg6.h linux/seg6_iptunnel.h
  linux/seg6_local.h linux/rpl_iptunnel.h linux/ioam6_iptunnel.h linux/netconf.h linux/pkt_sched.h linux/pkt_cls.h
  linux/gen_stats.h linux/tc_act/tc_gact.h linux/tc_act/tc_mirred.h linux/tc_act/tc_skbedit.h linux/tc_act/tc_vlan.h
  linux/tc_act/tc_tunnel_key.h linux/tc_act/tc_pedit.h linux/tc_act/tc_bpf.h linux/tc_act/tc_connmark.h
  linux/tc_act/tc_csum.h linux/tc_act/tc_ct.h linux/tc_act/tc_ctinfo.h linux/tc_act/tc_defact.h linux/tc_act/tc_gate.h
  linux/tc_act/tc_mpls.h linux/tc_act/tc_nat.h linux/tc_act/tc_sample.h linux/tc_act/tc_skbmod.h linux/ethtool.h linux/ethtool_netlink.h linux/devlink.h
  linux/sock_diag.h linux/inet_diag.h linux/unix_diag.h linux/packet_diag.h linux/netlink_diag.h
  linux/openvswitch.h linux/netfilter.h linux/netfilter/nfnetlink.h linux/netfilter/nf_tables.h
  linux/netfilter/nf_conntrack_common.h linux/netfilter/nf_conntrack_tuple_common.h
  linux/netfilter/nfnetlink_conntrack.h`
const headers = names.trim().split(/\s+/)
// A header that these are too old for brings nothing; symbols that only it has are then missing, and reported as such.
const includes = headers.map((name) => `#if __has_include(<${name}>)\n#include <${name}>\n#endif\n`).join('')

function preprocess(...options) {
  return execFileSync('gcc', ['-E', '-P', ...options, '-x', 'c', '-'], {
    input: includes,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
}

/** The names that the headers have: macros without parameters, members of enums, and structs with their text. */
function readNames() {
  const text = preprocess()
  const symbols = new Set()
  for (const [, name] of preprocess('-dM').matchAll(/^#define (\w+) +\S/gm)) symbols.add(name)
  for (const [, body] of text.matchAll(/\benum\b[^{};]*\{([^}]*)\}/g)) {
    for (const [, name] of body.matchAll(/(?:^|,)\s*([A-Za-z_]\w*)/g)) symbols.add(name)
  }
  /** @type {Map<string, string>} */
  const structs = new Map()
  for (const { 1: name, 0: head, index } of text.matchAll(/\bstruct\s+(\w+)\s*\{/g)) {
    structs.set(name, balanced(text, index + head.length))
  }
  return { symbols, structs }
}

/** The text up to the brace that closes the one before `from`. */
function balanced(text, from) {
  let depth = 1
  let to = from
  for (; depth > 0 && to < text.length; to++) depth += text[to] === '{' ? 1 : text[to] === '}' ? -1 : 0
  return text.slice(from, to)
}

/** The statement that prints the value of a key, or undefined if the headers do not have it. */
function statement(key, { symbols, structs }) {
  const struct = /^struct (\w+)(?:\.(\w+))?$/.exec(key)
  if (!struct) {
    return symbols.has(key) ? `printf("${key}\\t%lld\\n", (long long)(${key}));` : undefined
  }
  const [, name, field] = struct
  const body = structs.get(name)
  if (body === undefined) return undefined
  if (field === undefined) return `printf("${key}\\t%zu bytes\\n", sizeof(struct ${name}));`
  if (!new RegExp(`\\b${field}\\b`).test(body)) return undefined
  const size = `sizeof(((struct ${name} *)0)->${field})`
  return `printf("${key}\\t%zu bytes at %zu\\n", ${size}, offsetof(struct ${name}, ${field}));`
}

/** Compiles and runs a C program. */
function run(source) {
  const directory = mkdtempSync(join(tmpdir(), 'audit-'))
  try {
    const file = join(directory, 'audit.c')
    const program = join(directory, 'audit')
    writeFileSync(file, source)
    execFileSync('gcc', ['-o', program, file], { stdio: ['ignore', 'inherit', 'inherit'] })
    return execFileSync(program, { encoding: 'utf8', maxBuffer: 1 << 28 })
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/**
 * What the headers say about these keys. A key that they do not have is not in `values`.
 * @param {readonly { key: string }[]} items
 * @returns {{ version: string, values: Map<string, number | string> }}
 */
function askHeaders(items) {
  const known = readNames()
  const statements = [...new Set(items.map(({ key }) => key))].map((key) => statement(key, known))
  const version = 'LINUX_VERSION_MAJOR, LINUX_VERSION_PATCHLEVEL, LINUX_VERSION_SUBLEVEL'
  const output = run(
    `${includes}#include <stdio.h>\nint main(void)\n{\n\tprintf("%d.%d.%d\\n", ${version});\n` +
      `${statements.map((text) => (text === undefined ? '' : `\t${text}\n`)).join('')}\treturn 0;\n}\n`,
  )
  const [first, ...lines] = output.trimEnd().split('\n')
  const values = new Map(
    lines.map((line) => {
      const [key, value] = line.split('\t')
      return [key, /^-?\d+$/.test(value) ? Number(value) : value]
    }),
  )
  return { version: first, values }
}

module.exports = { askHeaders }
