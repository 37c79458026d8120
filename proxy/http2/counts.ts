/**
 * What connections of one sort have seen, in one worker; they all add to the same object. Numbers
 * only grow.
 */
export class Http2Counts {
  /** Streams that were begun, by the client's head. */
  streams = 0;
  /** RST_STREAM of peers on open streams. */
  resetsReceived = 0;
  /** RST_STREAM of ours, NO_ERROR behind whole answers included. */
  resetsSent = 0;
  /** Connections that peers were told to leave. */
  goAwaysSent = 0;
  /** Connections that peers told us to leave. */
  goAwaysReceived = 0;

  /** The counts so far, by their names. */
  toRecord(): Record<string, number> {
    const { streams, resetsReceived, resetsSent, goAwaysSent, goAwaysReceived } = this;
    return { streams, resetsReceived, resetsSent, goAwaysSent, goAwaysReceived };
  }
}
