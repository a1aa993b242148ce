// Registers: of no packet; flows pass values to each other in them.
import type { MaskedNumber } from './values'

/** What a register has to be, or some of its bits. */
export type Register = number | MaskedNumber<number>

/** The registers of Open vSwitch, 32 bits each. All are 0 when a packet comes. */
export interface FlowRegisters {
  /** Register 0. */
  readonly reg0?: Register | undefined
  /** Register 1. */
  readonly reg1?: Register | undefined
  /** Register 2. */
  readonly reg2?: Register | undefined
  /** Register 3. */
  readonly reg3?: Register | undefined
  /** Register 4. */
  readonly reg4?: Register | undefined
  /** Register 5. */
  readonly reg5?: Register | undefined
  /** Register 6. */
  readonly reg6?: Register | undefined
  /** Register 7. */
  readonly reg7?: Register | undefined
  /** Register 8. */
  readonly reg8?: Register | undefined
  /** Register 9. */
  readonly reg9?: Register | undefined
  /** Register 10. */
  readonly reg10?: Register | undefined
  /** Register 11. */
  readonly reg11?: Register | undefined
  /** Register 12. */
  readonly reg12?: Register | undefined
  /** Register 13. */
  readonly reg13?: Register | undefined
  /** Register 14. */
  readonly reg14?: Register | undefined
  /** Register 15. */
  readonly reg15?: Register | undefined
}
