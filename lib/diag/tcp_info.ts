// The kernel's state of a TCP connection: struct tcp_info (linux/tcp.h).
import { printable } from '../wire/printable'
import { bits, oneOf } from '../wire/choices'
import { seconds, u16, u32, u64, u8 } from '../wire/integers'
import type { Reader } from '../wire/reader'
import { struct } from '../wire/struct'
import type { ValueOf } from '../wire/type'
import { littleEndian } from '../wire/writer'

/** Converts the kernel's milliseconds or microseconds to milliseconds. */
const ms = seconds(u32, 1)
const us = seconds(u32, 1000)
const longUs = seconds(u64, 1000)

const congestionState = oneOf(u8, 'TCP_CA_', {
  /** No sign of congestion. */
  open: ['Open', 0],
  /** Duplicate or selective acknowledgements were received. */
  disorder: ['Disorder', 1],
  /** The congestion window was reduced, after a congestion notification. */
  reduced: ['CWR', 2],
  /** Lost segments are retransmitted. */
  recovery: ['Recovery', 3],
  /** After a timeout: all unacknowledged segments count as lost. */
  loss: ['Loss', 4],
})

const options = bits(u8, 'TCPI_OPT_', {
  /** Segments have timestamps (RFC 7323). */
  timestamps: ['TIMESTAMPS', 1],
  /** Segments that arrive out of order are acknowledged (SACK). */
  selectiveAcks: ['SACK', 2],
  /** Windows of more than 64 KiB. */
  windowScale: ['WSCALE', 4],
  /** Routers may mark packets instead of dropping them (ECN). */
  ecn: ['ECN', 8],
  /** A packet with ECN was received. */
  ecnSeen: ['ECN_SEEN', 16],
  /** The SYN had data, which the other end has acknowledged. */
  fastOpenData: ['SYN_DATA', 32],
})

const tcpInfo = struct('tcp_info', {
  _state: ['tcpi_state', u8],
  congestionState: ['tcpi_ca_state', congestionState],
  retransmits: ['tcpi_retransmits', u8],
  probes: ['tcpi_probes', u8],
  backoff: ['tcpi_backoff', u8],
  options: ['tcpi_options', options],
  // Without a name: the audit cannot compare offsets of bit fields.
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

/** The kernel's state of a TCP connection (struct tcp_info), without fields that an older kernel does not report. */
export interface TcpInfo {
  /** The state of congestion control. */
  congestionState?: ValueOf<typeof congestionState>
  /** Consecutive timeouts without an acknowledgement. */
  retransmits?: number
  /** Consecutive probes without an acknowledgement. */
  probes?: number
  /** How often the timeout was doubled. */
  backoff?: number
  /** Options that were negotiated. */
  options?: ValueOf<typeof options>
  /** Retransmission timeout, in ms. */
  timeout?: number
  /** Delay of acknowledgements, in ms. */
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
  /** Of those, retransmitted. */
  retransmitting?: number
  /** Since data was sent, in ms. */
  sinceSent?: number
  /** Since data was received, in ms. */
  sinceReceived?: number
  /** Since an acknowledgement was received, in ms. */
  sinceAcknowledged?: number
  /** MTU of the path, in bytes. */
  pathMtu?: number
  /** Limit of the receive window, in bytes. */
  receiveThreshold?: number
  /** Round trip time, smoothed, in ms. */
  roundTrip?: number
  /** Its mean deviation, in ms. */
  roundTripVariation?: number
  /** Slow start threshold, in segments; 0x7fffffff: not known yet. */
  slowStartThreshold?: number
  /** Congestion window, in segments. */
  congestionWindow?: number
  /** Maximum segment size that was announced to the other end, in bytes. */
  offeredSegment?: number
  /** Reordering distance of segments. */
  reordering?: number
  /** Round trip time that the receiver has estimated, in ms. */
  receiverRoundTrip?: number
  /** Receive buffer after tuning, in bytes. */
  receiveSpace?: number
  /** Segments that were retransmitted, in all. */
  retransmitted?: number
  /** Bytes a second at which it sends. */
  pacingRate?: bigint
  /** Limit of the pacing rate; 2 ** 64 - 1: none. */
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
  /** Smallest recent round trip time, in ms. */
  minRoundTrip?: number
  /** Segments with data that were received. */
  dataSegmentsReceived?: number
  /** Segments with data that were sent. */
  dataSegmentsSent?: number
  /** Bytes a second that were delivered recently. */
  deliveryRate?: bigint
  /** Time during which it had data to send, in ms. */
  busyTime?: number
  /** Of that, limited by the other end's window, in ms. */
  windowLimited?: number
  /** Of that, limited by its send buffer, in ms. */
  bufferLimited?: number
  /** Segments that were delivered, retransmissions included. */
  delivered?: number
  /** Of those, with a mark of congestion. */
  deliveredMarked?: number
  /** Bytes of data that were sent, retransmissions included. */
  bytesSent?: bigint
  /** Bytes of data that were retransmitted. */
  bytesRetransmitted?: bigint
  /** Segments that the other end has received twice. */
  duplicates?: number
  /** How often reordering was detected. */
  reorderingSeen?: number
  /** Packets that came out of order. Since Linux 5.4. */
  outOfOrder?: number
  /** The other end's window, in bytes. Since Linux 5.4. */
  sendWindow?: number
  /** Our own window, in bytes. Since Linux 6.2. */
  receiveWindow?: number
  /** How often another path was chosen after timeouts. Since Linux 6.2. */
  rehashes?: number
  /** Timeouts in all. Since Linux 6.7. */
  timeouts?: number
  /** How often it has recovered from timeouts. Since Linux 6.7. */
  timeoutRecoveries?: number
  /** Time that was spent in such recoveries, in ms. Since Linux 6.7. */
  timeoutTime?: number
  /** Segments have our window in units of 2 to the power of this. */
  receiveWindowScale: number
  /** Segments have the other end's window in units of 2 to the power of this. */
  sendWindowScale: number
  /** The delivery rate was limited by the application, which had too little to send. */
  deliveryLimited: boolean
}

/** Decodes the attribute's payload. */
export function readTcpInfo(reader: Reader, at: number, end: number): TcpInfo {
  const { scales = 0, limits = 0, ...info } = tcpInfo.decode(reader, at, end, {})
  return printable({
    ...info,
    sendWindowScale: littleEndian ? scales & 15 : scales >> 4,
    receiveWindowScale: littleEndian ? scales >> 4 : scales & 15,
    deliveryLimited: (limits & (littleEndian ? 1 : 0x80)) !== 0,
  })
}
