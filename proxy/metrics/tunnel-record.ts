/** What became of a connection that was passed on as it is, or should have been. */
export type TunnelRecord = {
  readonly protocol: "websocket" | "upgraded" | "tcp";
  /** IP address as text. "": it has none. */
  readonly client: string;
  /** "": not known, as with the next two. */
  readonly service: string;
  readonly version: string;
  readonly endpoint: string;
  /** A TunnelOutcome, or why it never became a tunnel: one of a fixed set of the code. */
  readonly outcome: string;
  /** Since its request arrived, or since it was accepted. */
  readonly durationMs: number;
  /** From the client, and to it. */
  readonly bytesIn: number;
  readonly bytesOut: number;
};

/** Hears of each tunnel that has ended here, and of TCP connections that became none. */
export interface TunnelWitness {
  tunnelEnded(record: TunnelRecord): void;
}

/** Who hears of tunnels now. */
export type TunnelWitnesses = {
  /** undefined: nobody. */
  readonly tunnels: TunnelWitness | undefined;
};
