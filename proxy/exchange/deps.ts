import type { Clock } from "../base/clock.ts";
import type { HttpDate } from "../base/http-date.ts";
import type { Random } from "../base/random.ts";
import type { ReadBuffers } from "../transport/read-buffers.ts";
import type { TimerWheel } from "../base/timer-wheel.ts";
import type { LiveServices } from "../upstream/live-services.ts";
import type { ClientConnections } from "../clients/client-connections.ts";
import type { ExchangeStore } from "../clients/exchange-store.ts";
import type { RejectCounters } from "../metrics/reject-counters.ts";

/** What all connections of a worker share. Made once, in worker.ts. */
export type ServeDeps = {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly random: Random;
  readonly buffers: ReadBuffers;
  readonly date: HttpDate;
  readonly services: LiveServices;
  readonly rejected: RejectCounters;
  readonly connections: ClientConnections;
  readonly exchanges: ExchangeStore;
  /** Our name in Via fields; unique to this sidecar, shared by its workers. */
  readonly pseudonym: string;
};
