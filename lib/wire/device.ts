// Network devices in messages: their names, and indices that may be given as a name.
import { checkInteger } from './integers'
import { wrongValue } from './invalid'
import { checkText } from './text'
import type { Scalar } from './type'

/** A device of a namespace: its name, or its index (ifindex). */
export type Device = string | number

/** IFNAMSIZ - 1 of linux/if.h. */
const longestName = 15

/** Checks a device name as the kernel's dev_valid_name() does, so that the error names the field. */
export function checkDeviceName(value: unknown, field: string): string {
  const name = checkText(value, 1, longestName, field)
  if (name === '.' || name === '..' || /[/:%\s]/.test(name)) {
    throw wrongValue(field, 'a device name: not "." or "..", without "/", ":", "%" or white space', value)
  }
  return name
}

/** Checks what names a device. */
export function checkDevice(value: unknown, field: string): Device {
  return typeof value === 'number' ? checkInteger(value, 1, 0x7fffffff, field) : checkDeviceName(value, field)
}

/** An altname of a device (IFLA_ALT_IFNAME), checked already: it may be longer than a device's own. */
export class Altname {
  constructor(readonly name: string) {}
}

/** The index of a device; a name is looked up in the namespace when the message is sent. 0 is none. */
export const device: Scalar<Device> = {
  size: 4,
  fixed: true,
  encode(writer, value, field) {
    const device: unknown = value
    if (value === 0) writer.u32(0)
    else if (device instanceof Altname) writer.deviceIndex(device.name)
    else if (typeof checkDevice(value, field) === 'number') writer.u32(value as number)
    else writer.deviceIndex(value as string)
  },
  decode: (reader, at) => reader.u32(at),
}
