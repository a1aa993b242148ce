// The advertisers of one router, by its devices.
import type { NetNs } from 'netloom'
import type { Port } from '../check'
import { Advertiser, type Station } from './advertiser'

/** A router's advertisers. */
export class Advertisers {
  readonly #running = new Map<string, Advertiser>()

  /** Ends those on devices that are not to advertise any more, before the devices are removed. */
  async retire(ports: readonly Port[]): Promise<void> {
    const stay = new Set(ports.flatMap(({ device, advertise }) => (advertise === undefined ? [] : [device])))
    for (const [device, advertiser] of this.#running) {
      if (stay.has(device)) continue
      this.#running.delete(device)
      await advertiser.end()
    }
  }

  /** Starts or changes the advertisers of all ports that are to advertise, whose devices exist. */
  async settle(netns: NetNs, ports: readonly Port[], indexes: ReadonlyMap<string, number>): Promise<void> {
    for (const { device, mac, advertise, addresses } of ports) {
      const index = indexes.get(device)
      if (advertise === undefined || index === undefined) continue
      const own = addresses.find(({ address }) => address.startsWith('fe80:'))?.address.split('/')[0]
      await this.#one({ netns, device, index, mac, address: own, said: advertise })
    }
  }

  async #one(station: Station): Promise<void> {
    const { device } = station
    const running = this.#running.get(device)
    if (running?.serves(station) === true) {
      running.become(station)
      return
    }
    this.#running.delete(device)
    await running?.close()
    this.#running.set(device, await Advertiser.start(station))
  }

  /** Ends all, with a last advertisement. */
  async end(): Promise<void> {
    await this.retire([])
  }

  /** Ends all without an advertisement. */
  async close(): Promise<void> {
    const all = [...this.#running.values()]
    this.#running.clear()
    for (const advertiser of all) await advertiser.close()
  }
}
