// The errno table of Linux (asm-generic/errno.h): Node's own lacks many of those that netlink uses.

const names = new Map<number, string>()

// From 1 up, in the order of the header; a gap is a number that the kernel does not use.
const first = `EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD EAGAIN ENOMEM EACCES EFAULT ENOTBLK EBUSY
  EEXIST EXDEV ENODEV ENOTDIR EISDIR EINVAL ENFILE EMFILE ENOTTY ETXTBSY EFBIG ENOSPC ESPIPE EROFS EMLINK EPIPE EDOM
  ERANGE EDEADLK ENAMETOOLONG ENOLCK ENOSYS ENOTEMPTY ELOOP - ENOMSG EIDRM ECHRNG EL2NSYNC EL3HLT EL3RST ELNRNG EUNATCH
  ENOCSI EL2HLT EBADE EBADR EXFULL ENOANO EBADRQC EBADSLT - EBFONT ENOSTR ENODATA ETIME ENOSR ENONET ENOPKG EREMOTE
  ENOLINK EADV ESRMNT ECOMM EPROTO EMULTIHOP EDOTDOT EBADMSG EOVERFLOW ENOTUNIQ EBADFD EREMCHG ELIBACC ELIBBAD ELIBSCN
  ELIBMAX ELIBEXEC EILSEQ ERESTART ESTRPIPE EUSERS ENOTSOCK EDESTADDRREQ EMSGSIZE EPROTOTYPE ENOPROTOOPT
  EPROTONOSUPPORT ESOCKTNOSUPPORT EOPNOTSUPP EPFNOSUPPORT EAFNOSUPPORT EADDRINUSE EADDRNOTAVAIL ENETDOWN ENETUNREACH
  ENETRESET ECONNABORTED ECONNRESET ENOBUFS EISCONN ENOTCONN ESHUTDOWN ETOOMANYREFS ETIMEDOUT ECONNREFUSED EHOSTDOWN
  EHOSTUNREACH EALREADY EINPROGRESS ESTALE EUCLEAN ENOTNAM ENAVAIL EISNAM EREMOTEIO EDQUOT ENOMEDIUM EMEDIUMTYPE
  ECANCELED ENOKEY EKEYEXPIRED EKEYREVOKED EKEYREJECTED EOWNERDEAD ENOTRECOVERABLE ERFKILL EHWPOISON`
first.split(/\s+/).forEach((name, i) => {
  if (name !== '-') names.set(i + 1, name)
})
// Errnos that are internal to the kernel, but reach user space through netlink (linux/errno.h).
const internal = `ERESTARTSYS ERESTARTNOINTR ERESTARTNOHAND ENOIOCTLCMD ERESTART_RESTARTBLOCK EPROBE_DEFER EOPENSTALE
  ENOPARAM - EBADHANDLE ENOTSYNC EBADCOOKIE ENOTSUPP ETOOSMALL ESERVERFAULT EBADTYPE EJUKEBOX EIOCBQUEUED
  ERECALLCONFLICT ENOGRACE`
internal.split(/\s+/).forEach((name, i) => {
  if (name !== '-') names.set(512 + i, name)
})

const numbers = new Map([...names].map(([number, name]) => [name, number]))

// The meaning for networks and namespaces of the errnos that users meet.
const meanings: Readonly<Record<string, string>> = {
  EPERM: 'not permitted',
  ENOENT: 'does not exist',
  ESRCH: 'no such object',
  ENXIO: 'no such device or address',
  EBADF: 'not an open descriptor',
  EACCES: 'access denied',
  EBUSY: 'in use',
  EEXIST: 'exists already',
  ENODEV: 'no such device',
  EINVAL: 'invalid argument',
  EMFILE: 'too many open descriptors in this process (raise RLIMIT_NOFILE)',
  ENFILE: 'too many open descriptors on this machine (raise fs.file-max)',
  ENOSPC: 'no room left',
  ENOMEM: 'out of memory',
  ERANGE: 'out of range',
  EOPNOTSUPP: 'not supported',
  ENOTSUPP: 'not supported',
  EAFNOSUPPORT: 'address family not supported',
  EPROTONOSUPPORT: 'protocol not supported',
  EADDRINUSE: 'address in use',
  EADDRNOTAVAIL: 'address not available',
  ENETDOWN: 'network is down',
  ENETUNREACH: 'network unreachable',
  EHOSTUNREACH: 'host unreachable',
  ENOTCONN: 'not connected',
  ENOBUFS: 'no buffer space',
  EMSGSIZE: 'message too long',
  EOVERFLOW: 'too large',
  EBADFD: 'what it led to is gone',
  ESTALE: 'not the same object any more',
  ETIMEDOUT: 'timed out',
  EROFS: 'read-only file system',
  ENAMETOOLONG: 'name too long',
  ENOTDIR: 'not a directory',
}

/** The name of an errno, such as `EEXIST` for 17; `E999` for an unknown one. */
export function errnoName(errno: number): string {
  return names.get(errno) ?? `E${errno}`
}

/** The number of an errno's name, or undefined. */
export function errnoNumber(name: string): number | undefined {
  return numbers.get(name)
}

/** The meaning of an errno in a few words. */
export function errnoMeaning(errno: number): string {
  return meanings[errnoName(errno)] ?? errnoName(errno).toLowerCase()
}

/** The whole table, for the audit against the kernel's headers. */
export const errnoTable: ReadonlyMap<number, string> = names
