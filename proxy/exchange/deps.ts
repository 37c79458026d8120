import type { Clock } from "../base/clock.ts";
import type { HttpDate } from "../base/http-date.ts";
import type { Random } from "../base/random.ts";
import type { TimerWheel } from "../base/timer-wheel.ts";
import type { LocalReplies } from "../metrics/local-replies.ts";
import type { RejectCounters } from "../metrics/reject-counters.ts";
import type { ServiceCounts } from "../metrics/service-counts.ts";
import type { BufferBudget } from "./buffer-budget.ts";
import type { Mirrors } from "./mirrors.ts";
import type { Refusals } from "./refusals.ts";
import type { RequestIds } from "./request-ids.ts";
import type { Witnesses } from "./witness.ts";

/** What all exchanges of a worker share. */
export type ExchangeDeps = {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly random: Random;
  readonly date: HttpDate;
  readonly rejected: RejectCounters;
  readonly refusals: Refusals;
  readonly localReplies: LocalReplies;
  /** What policies of services and routes did. */
  readonly policyCounts: ServiceCounts;
  readonly mirrors: Mirrors;
  /** What they buffer together. */
  readonly buffered: BufferBudget;
  readonly requestIds: RequestIds;
  readonly witness: Witnesses;
  /** Our name in CDN-Loop and Via, a token; unique to this sidecar, shared by its workers. */
  readonly pseudonym: string;
};
