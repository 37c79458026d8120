import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import type { TimerWheel } from "../base/timer-wheel.ts";
import type { RequestHead } from "../http1/request-head.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import type { ServiceCounts } from "../metrics/service-counts.ts";
import { ShadowCounts } from "../metrics/shadow-counts.ts";
import { editedHead, headEdit } from "../table/head-edit.ts";
import type { MirrorPolicy } from "../table/mirror.ts";
import { answerDifference } from "./answer-difference.ts";
import { AnswerTap } from "./answer-tap.ts";
import type { Destination } from "./destination.ts";
import type { RequestForwarder } from "./forward-request.ts";
import { MirrorCopy } from "./mirror-copy.ts";
import type { CopiedRequest, CopyTarget } from "./mirror-copy.ts";

/**
 * Most copies under way in one worker. Each keeps its request and up to two bodies of 64 KiB, so
 * that all of them together keep some tens of MB at most.
 */
const COPIES_MAX = 128;

/** How long a copy may take where answers have no limit. */
const COPY_MS_MAX = 30_000;

/** What a copy does not have of its request: it goes whole. */
const REMOVED = ["x-sluice-mirrored", "transfer-encoding", "trailer", "content-length"];

/** What copying takes. */
export type MirrorDeps = {
  readonly clock: Pick<Clock, "wallMs">;
  readonly wheel: TimerWheel;
  readonly random: Random;
  readonly policyCounts: ServiceCounts;
};

/** An exchange whose answer begins. */
export type MirroredExchange = {
  readonly head: RequestHead;
  readonly request: RequestForwarder;
  readonly to: Pick<Destination, "live" | "pool" | "policy" | "tolerated" | "grpc">;
};

/** Copies requests to other versions, and compares what they answer. One for each worker. */
export class Mirrors {
  readonly counts = new ShadowCounts();
  #underWay = 0;

  /**
   * Copies the request whose answer begins, if it is one of those. Returns what has to hear the
   * answer; undefined: nothing. The copy goes out in a later turn.
   */
  mirror(
    policy: MirrorPolicy,
    exchange: MirroredExchange,
    answer: ResponseHead,
    deps: MirrorDeps,
  ): AnswerTap | undefined {
    const { head, request, to } = exchange;
    const { random, policyCounts } = deps;
    if (to.grpc.isCall || to.pool?.version === policy.to) return undefined;
    if (!policy.methods.includes(head.method) || random.next() * 100 >= policy.percent) {
      return undefined;
    }
    const service = to.live?.name ?? "";
    const target = targetOf(policy, to);
    if (target === undefined || !request.isKept || this.#underWay >= COPIES_MAX) {
      policyCounts.add(service, "mirror:dropped");
      return undefined;
    }
    const { method, path } = head;
    const about = { method, path, atMs: deps.clock.wallMs() };
    const { compare } = policy;
    const bothWhole = (): void => {
      if (compare === undefined || !own.isWhole || !copy.isWhole) return;
      this.counts.add(service, answerDifference(about, compare, own, copy));
    };
    const own = new AnswerTap(bothWhole);
    const copy = new AnswerTap(bothWhole);
    this.#send(service, { request: copyOf(head, request), target, tap: copy }, deps);
    if (compare === undefined) return undefined;
    own.begin(answer, head.isHead);
    return own;
  }

  /** In a later turn: the client comes first. */
  #send(service: string, { request, target, tap }: Copying, deps: MirrorDeps): void {
    const { policyCounts, wheel } = deps;
    this.#underWay += 1;
    setImmediate(() => {
      const sent = new MirrorCopy(request, target, tap, (isWell) => {
        this.#underWay -= 1;
        policyCounts.add(service, isWell ? "mirror:answered" : "mirror:failed");
      });
      if (sent.begin(wheel)) return;
      this.#underWay -= 1;
      policyCounts.add(service, "mirror:dropped");
    });
  }
}

type Copying = {
  readonly request: CopiedRequest;
  readonly target: CopyTarget;
  readonly tap: AnswerTap;
};

/** All of a request that is kept, with its length, and a field that says what it is. */
function copyOf(head: RequestHead, request: RequestForwarder): CopiedRequest {
  const body = request.payload();
  const mark = ["X-Sluice-Mirrored", "1"] as const;
  const length = ["Content-Length", String(body.length)] as const;
  const hasLength = head.hasBody || head.line.method.expectsBody;
  const edit = headEdit({ removed: REMOVED, added: hasLength ? [mark, length] : [mark] });
  return { head: editedHead(request.outgoing.text(), edit), body };
}

function targetOf(policy: MirrorPolicy, to: MirroredExchange["to"]): CopyTarget | undefined {
  const pool = to.live?.pools.find(({ version }) => version === policy.to);
  if (pool === undefined || pool.usableCount === 0) return undefined;
  const { connectTimeoutMs, responseTimeoutMs } = to.policy;
  const timeoutMs = responseTimeoutMs > 0 ? responseTimeoutMs : COPY_MS_MAX;
  return { pool, connectTimeoutMs, timeoutMs, tolerated: to.tolerated };
}
