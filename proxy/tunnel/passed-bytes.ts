import type { TunnelPool } from "./tunnel-ends.ts";

/** Whose bytes they are, and how many have passed already. */
type Passing = {
  readonly pool: TunnelPool;
  readonly bytesIn?: number | undefined;
  readonly bytesOut?: number | undefined;
};

/** Counts what passes through one tunnel, for itself and for its version. */
export class PassedBytes {
  readonly #tunnels: TunnelPool["counters"]["tunnels"];
  bytesIn: number;
  bytesOut: number;

  constructor({ pool, bytesIn = 0, bytesOut = 0 }: Passing) {
    this.#tunnels = pool.counters.tunnels;
    this.bytesIn = bytesIn;
    this.bytesOut = bytesOut;
  }

  fromClient(bytes: number): void {
    this.bytesIn += bytes;
    this.#tunnels.bytesIn += bytes;
  }

  toClient(bytes: number): void {
    this.bytesOut += bytes;
    this.#tunnels.bytesOut += bytes;
  }
}
