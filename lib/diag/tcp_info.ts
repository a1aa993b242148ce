// What the kernel knows of a TCP connection: struct tcp_info (linux/tcp.h).
import { printable } from '../wire/printable'
import { bits, oneOf } from '../wire/choices'
import { seconds, u16, u32, u64, u8 } from '../wire/integers'
import type { Reader } from '../wire/reader'
import { struct } from '../wire/struct'
import type { ValueOf } from '../wire/type'
import { littleEndian } from '../wire/writer'

/** From what the kernel counts in ms or µs: milliseconds. */
const ms = seconds(u32, 1)
const us = seconds(u32, 1000)
const longUs = seconds(u64, 1000)

const congestionState = oneOf(u8, 'TCP_CA_', {
  /** All is well. */
  open: ['Open', 0],
  /** Something arrived twice or out of order. */
  disorder: ['Disorder', 1],
  /** The window was reduced: somebody told of congestion. */
  reduced: ['CWR', 2],
  /** What was lost is sent again. */
  recovery: ['Recovery', 3],
  /** A timeout: all that is not acknowledged counts as lost. */
  loss: ['Loss', 4],
})

const options = bits(u8, 'TCPI_OPT_', {
  /** Segments carry times (RFC 7323). */
  timestamps: ['TIMESTAMPS', 1],
  /** What came out of order is acknowledged (SACK). */
  selectiveAcks: ['SACK', 2],
  /** Windows of more than 64 KiB. */
  windowScale: ['WSCALE', 4],
  /** Routers may mark instead of dropping (ECN). */
  ecn: ['ECN', 8],
  /** A packet with ECN was received. */
  ecnSeen: ['ECN_SEEN', 16],
  /** The first packet carried data, and the other end took it. */
  fastOpenData: ['SYN_DATA', 32],
})

const tcpInfo = struct('tcp_info', {
  _state: ['tcpi_state', u8],
  congestionState: ['tcpi_ca_state', congestionState],
  retransmits: ['tcpi_retransmits', u8],
  probes: ['tcpi_probes', u8],
  backoff: ['tcpi_backoff', u8],
  options: ['tcpi_options', options],
  // Bit fields have no offset that the audit could compare.
  scales: ['', u8],
  limits: ['', u8],
  timeout: ['tcpi_rto', us],
  ackTimeout: ['tcpi_ato', us],
  sendSegment: ['tcpi_snd_mss', u32],
  receiveSegment: ['tcpi_rcv_mss', u32],
  unacknowledged: ['tcpi_unacked', u32],
  selectivelyAcknowledged: ['tcpi_sacked', u32],
  lost: ['tcpi_lost', u32],
  retransmitting: ['tcpi_retrans', u32],
  _forwardAcks: ['tcpi_fackets', u32],
  sinceSent: ['tcpi_last_data_sent', ms],
  _sinceAckSent: ['tcpi_last_ack_sent', u32],
  sinceReceived: ['tcpi_last_data_recv', ms],
  sinceAcknowledged: ['tcpi_last_ack_recv', ms],
  pathMtu: ['tcpi_pmtu', u32],
  receiveThreshold: ['tcpi_rcv_ssthresh', u32],
  roundTrip: ['tcpi_rtt', us],
  roundTripVariation: ['tcpi_rttvar', us],
  slowStartThreshold: ['tcpi_snd_ssthresh', u32],
  congestionWindow: ['tcpi_snd_cwnd', u32],
  offeredSegment: ['tcpi_advmss', u32],
  reordering: ['tcpi_reordering', u32],
  receiverRoundTrip: ['tcpi_rcv_rtt', us],
  receiveSpace: ['tcpi_rcv_space', u32],
  retransmitted: ['tcpi_total_retrans', u32],
  pacingRate: ['tcpi_pacing_rate', u64],
  maxPacingRate: ['tcpi_max_pacing_rate', u64],
  bytesAcknowledged: ['tcpi_bytes_acked', u64],
  bytesReceived: ['tcpi_bytes_received', u64],
  segmentsSent: ['tcpi_segs_out', u32],
  segmentsReceived: ['tcpi_segs_in', u32],
  unsent: ['tcpi_notsent_bytes', u32],
  minRoundTrip: ['tcpi_min_rtt', us],
  dataSegmentsReceived: ['tcpi_data_segs_in', u32],
  dataSegmentsSent: ['tcpi_data_segs_out', u32],
  deliveryRate: ['tcpi_delivery_rate', u64],
  busyTime: ['tcpi_busy_time', longUs],
  windowLimited: ['tcpi_rwnd_limited', longUs],
  bufferLimited: ['tcpi_sndbuf_limited', longUs],
  delivered: ['tcpi_delivered', u32],
  deliveredMarked: ['tcpi_delivered_ce', u32],
  bytesSent: ['tcpi_bytes_sent', u64],
  bytesRetransmitted: ['tcpi_bytes_retrans', u64],
  duplicates: ['tcpi_dsack_dups', u32],
  reorderingSeen: ['tcpi_reord_seen', u32],
  outOfOrder: ['tcpi_rcv_ooopack', u32],
  sendWindow: ['tcpi_snd_wnd', u32],
  receiveWindow: ['tcpi_rcv_wnd', u32],
  rehashes: ['tcpi_rehash', u32],
  timeouts: ['tcpi_total_rto', u16],
  timeoutRecoveries: ['tcpi_total_rto_recoveries', u16],
  timeoutTime: ['tcpi_total_rto_time', ms],
})

/** What the kernel knows of a TCP connection (struct tcp_info); what an older kernel does not tell is left out. */
export interface TcpInfo {
  /** What congestion control is doing. */
  congestionState?: ValueOf<typeof congestionState>
  /** Timeouts in a row, without an answer. */
  retransmits?: number
  /** Probes in a row, without an answer. */
  probes?: number
  /** How often the timeout was doubled. */
  backoff?: number
  /** What both ends agreed on. */
  options?: ValueOf<typeof options>
  /** Time after which it is sent again, in ms. */
  timeout?: number
  /** Time that an acknowledgement waits for data to go with, in ms. */
  ackTimeout?: number
  /** Largest segment to send, in bytes. */
  sendSegment?: number
  /** Largest segment that was received, in bytes. */
  receiveSegment?: number
  /** Segments that wait to be acknowledged; of a listening socket: connections that wait to be accepted. */
  unacknowledged?: number
  /** Of those, acknowledged by SACK; of a listening socket: connections that may wait. */
  selectivelyAcknowledged?: number
  /** Of those, lost. */
  lost?: number
  /** Of those, sent again. */
  retransmitting?: number
  /** Since data was sent, in ms. */
  sinceSent?: number
  /** Since data was received, in ms. */
  sinceReceived?: number
  /** Since an acknowledgement was received, in ms. */
  sinceAcknowledged?: number
  /** MTU of the path, in bytes. */
  pathMtu?: number
  /** What the receive window may grow to, in bytes. */
  receiveThreshold?: number
  /** Round trip time, smoothed, in ms. */
  roundTrip?: number
  /** Its mean deviation, in ms. */
  roundTripVariation?: number
  /** Slow start ends here, in segments; 0x7fffffff: not known yet. */
  slowStartThreshold?: number
  /** Congestion window, in segments. */
  congestionWindow?: number
  /** Largest segment that was offered to the other end, in bytes. */
  offeredSegment?: number
  /** How far out of order segments have come. */
  reordering?: number
  /** Round trip time as the receiver sees it, in ms. */
  receiverRoundTrip?: number
  /** Buffer for what is received, as it was tuned, in bytes. */
  receiveSpace?: number
  /** Segments that were sent again, in all. */
  retransmitted?: number
  /** Bytes a second at which it sends. */
  pacingRate?: bigint
  /** The most of that; 2 ** 64 - 1: no limit. */
  maxPacingRate?: bigint
  /** Bytes that were sent and acknowledged. */
  bytesAcknowledged?: bigint
  /** Bytes that were received. */
  bytesReceived?: bigint
  /** Segments that were sent, in all. */
  segmentsSent?: number
  /** Segments that were received, in all. */
  segmentsReceived?: number
  /** Bytes that were written and not sent yet. */
  unsent?: number
  /** The least round trip time lately, in ms. */
  minRoundTrip?: number
  /** Segments with data that were received. */
  dataSegmentsReceived?: number
  /** Segments with data that were sent. */
  dataSegmentsSent?: number
  /** Bytes a second that arrived lately. */
  deliveryRate?: bigint
  /** Time that it had something to send, in ms. */
  busyTime?: number
  /** Of that, held up by the other end's window, in ms. */
  windowLimited?: number
  /** Of that, held up by its own buffer, in ms. */
  bufferLimited?: number
  /** Segments that arrived, those that were sent again included. */
  delivered?: number
  /** Of those, with a mark of congestion. */
  deliveredMarked?: number
  /** Bytes of data that were sent, those that were sent again included. */
  bytesSent?: bigint
  /** Bytes of data that were sent again. */
  bytesRetransmitted?: bigint
  /** Segments of ours that arrived twice. */
  duplicates?: number
  /** How often something was seen to come out of order. */
  reorderingSeen?: number
  /** Packets that came out of order. Since Linux 5.4. */
  outOfOrder?: number
  /** The other end's window, in bytes. Since Linux 5.4. */
  sendWindow?: number
  /** Our own window, in bytes. Since Linux 6.2. */
  receiveWindow?: number
  /** How often another way through the network was tried, after timeouts. Since Linux 6.2. */
  rehashes?: number
  /** Timeouts in all. Since Linux 6.7. */
  timeouts?: number
  /** Times that it recovered from timeouts. Since Linux 6.7. */
  timeoutRecoveries?: number
  /** Time that was spent in such, in ms. Since Linux 6.7. */
  timeoutTime?: number
  /** Our windows are told in units of 2 to the power of this. */
  receiveWindowScale: number
  /** The other end's windows are told in units of 2 to the power of this. */
  sendWindowScale: number
  /** The delivery rate was limited by too little to send. */
  deliveryLimited: boolean
}

/** Makes one of the attribute's payload. */
export function readTcpInfo(reader: Reader, at: number, end: number): TcpInfo {
  const { scales = 0, limits = 0, ...info } = tcpInfo.decode(reader, at, end, {})
  return printable({
    ...info,
    sendWindowScale: littleEndian ? scales & 15 : scales >> 4,
    receiveWindowScale: littleEndian ? scales >> 4 : scales & 15,
    deliveryLimited: (limits & (littleEndian ? 1 : 0x80)) !== 0,
  })
}
