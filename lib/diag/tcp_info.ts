// What the kernel knows of a TCP connection: struct tcp_info (linux/tcp.h).
import { bits, oneOf } from '../wire/choices'
import { seconds, u16, u32, u64, u8 } from '../wire/integers'
import type { Reader } from '../wire/reader'
import { struct, type StructValue } from '../wire/struct'
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
  timestamps: ['TIMESTAMPS', 1],
  selectiveAcks: ['SACK', 2],
  windowScale: ['WSCALE', 4],
  ecn: ['ECN', 8],
  ecnSeen: ['ECN_SEEN', 16],
  fastOpenData: ['SYN_DATA', 32],
})

/** In the order of the header, whose names without `tcpi_` are in the second column. */
const tcpInfo = struct('tcp_info', {
  _state: ['tcpi_state', u8],
  /** What congestion control is doing. */
  congestionState: ['tcpi_ca_state', congestionState],
  /** Timeouts in a row, without an answer. */
  retransmits: ['tcpi_retransmits', u8],
  /** Probes in a row, without an answer. */
  probes: ['tcpi_probes', u8],
  /** How often the timeout was doubled. */
  backoff: ['tcpi_backoff', u8],
  /** What both ends agreed on. */
  options: ['tcpi_options', options],
  // Bit fields have no offset that the audit could compare.
  scales: ['', u8],
  limits: ['', u8],
  /** Time after which it is sent again, in ms. */
  timeout: ['tcpi_rto', us],
  /** Time that an acknowledgement waits for data to go with, in ms. */
  ackTimeout: ['tcpi_ato', us],
  /** Largest segment to send, in bytes. */
  sendSegment: ['tcpi_snd_mss', u32],
  /** Largest segment that was received, in bytes. */
  receiveSegment: ['tcpi_rcv_mss', u32],
  /** Segments that wait to be acknowledged; of a listening socket: connections that wait to be accepted. */
  unacknowledged: ['tcpi_unacked', u32],
  /** Of those, acknowledged by SACK; of a listening socket: connections that may wait. */
  selectivelyAcknowledged: ['tcpi_sacked', u32],
  /** Of those, lost. */
  lost: ['tcpi_lost', u32],
  /** Of those, sent again. */
  retransmitting: ['tcpi_retrans', u32],
  _forwardAcks: ['tcpi_fackets', u32],
  /** Since data was sent, in ms. */
  sinceSent: ['tcpi_last_data_sent', ms],
  _sinceAckSent: ['tcpi_last_ack_sent', u32],
  /** Since data was received, in ms. */
  sinceReceived: ['tcpi_last_data_recv', ms],
  /** Since an acknowledgement was received, in ms. */
  sinceAcknowledged: ['tcpi_last_ack_recv', ms],
  /** MTU of the path, in bytes. */
  pathMtu: ['tcpi_pmtu', u32],
  /** What the receive window may grow to, in bytes. */
  receiveThreshold: ['tcpi_rcv_ssthresh', u32],
  /** Round trip time, smoothed, in ms. */
  roundTrip: ['tcpi_rtt', us],
  /** Its mean deviation, in ms. */
  roundTripVariation: ['tcpi_rttvar', us],
  /** Slow start ends here, in segments; 0x7fffffff: not known yet. */
  slowStartThreshold: ['tcpi_snd_ssthresh', u32],
  /** Congestion window, in segments. */
  congestionWindow: ['tcpi_snd_cwnd', u32],
  /** Largest segment that was offered to the other end, in bytes. */
  offeredSegment: ['tcpi_advmss', u32],
  /** How far out of order segments have come. */
  reordering: ['tcpi_reordering', u32],
  /** Round trip time as the receiver sees it, in ms. */
  receiverRoundTrip: ['tcpi_rcv_rtt', us],
  /** Buffer for what is received, as it was tuned, in bytes. */
  receiveSpace: ['tcpi_rcv_space', u32],
  /** Segments that were sent again, in all. */
  retransmitted: ['tcpi_total_retrans', u32],
  /** Bytes a second at which it sends. */
  pacingRate: ['tcpi_pacing_rate', u64],
  /** The most of that; 2 ** 64 - 1: no limit. */
  maxPacingRate: ['tcpi_max_pacing_rate', u64],
  /** Bytes that were sent and acknowledged. */
  bytesAcknowledged: ['tcpi_bytes_acked', u64],
  /** Bytes that were received. */
  bytesReceived: ['tcpi_bytes_received', u64],
  /** Segments that were sent, in all. */
  segmentsSent: ['tcpi_segs_out', u32],
  /** Segments that were received, in all. */
  segmentsReceived: ['tcpi_segs_in', u32],
  /** Bytes that were written and not sent yet. */
  unsent: ['tcpi_notsent_bytes', u32],
  /** The least round trip time lately, in ms. */
  minRoundTrip: ['tcpi_min_rtt', us],
  /** Segments with data that were received. */
  dataSegmentsReceived: ['tcpi_data_segs_in', u32],
  /** Segments with data that were sent. */
  dataSegmentsSent: ['tcpi_data_segs_out', u32],
  /** Bytes a second that arrived lately. */
  deliveryRate: ['tcpi_delivery_rate', u64],
  /** Time that it had something to send, in ms. */
  busyTime: ['tcpi_busy_time', longUs],
  /** Of that, held up by the other end's window, in ms. */
  windowLimited: ['tcpi_rwnd_limited', longUs],
  /** Of that, held up by its own buffer, in ms. */
  bufferLimited: ['tcpi_sndbuf_limited', longUs],
  /** Segments that arrived, those that were sent again included. */
  delivered: ['tcpi_delivered', u32],
  /** Of those, with a mark of congestion. */
  deliveredMarked: ['tcpi_delivered_ce', u32],
  /** Bytes of data that were sent, those that were sent again included. */
  bytesSent: ['tcpi_bytes_sent', u64],
  /** Bytes of data that were sent again. */
  bytesRetransmitted: ['tcpi_bytes_retrans', u64],
  /** Segments of ours that arrived twice. */
  duplicates: ['tcpi_dsack_dups', u32],
  /** How often something was seen to come out of order. */
  reorderingSeen: ['tcpi_reord_seen', u32],
  /** Packets that came out of order. Since Linux 5.4. */
  outOfOrder: ['tcpi_rcv_ooopack', u32],
  /** The other end's window, in bytes. Since Linux 5.4. */
  sendWindow: ['tcpi_snd_wnd', u32],
  /** Our own window, in bytes. Since Linux 6.2. */
  receiveWindow: ['tcpi_rcv_wnd', u32],
  /** How often another way through the network was tried, after timeouts. Since Linux 6.2. */
  rehashes: ['tcpi_rehash', u32],
  /** Timeouts in all. Since Linux 6.7. */
  timeouts: ['tcpi_total_rto', u16],
  /** Times that it recovered from timeouts. Since Linux 6.7. */
  timeoutRecoveries: ['tcpi_total_rto_recoveries', u16],
  /** Time that was spent in such, in ms. Since Linux 6.7. */
  timeoutTime: ['tcpi_total_rto_time', ms],
})

type Fields = StructValue<typeof tcpInfo.fields>

/** What the kernel knows of a TCP connection (struct tcp_info); of what an older kernel does not tell, nothing. */
export interface TcpInfo extends Partial<Omit<Fields, 'scales' | 'limits'>> {
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
  return {
    ...info,
    sendWindowScale: littleEndian ? scales & 15 : scales >> 4,
    receiveWindowScale: littleEndian ? scales >> 4 : scales & 15,
    deliveryLimited: (limits & (littleEndian ? 1 : 0x80)) !== 0,
  }
}
