import { orLate } from "../../proxy/base/deadline.ts";
import type { Clock } from "../../proxy/base/clock.ts";
import type { ObservationQuestion, ObservedSeconds } from "../../proxy/metrics/second-counts.ts";
import { joinedSeconds } from "../../proxy/metrics/second-sums.ts";
import { WorkerError } from "../base/errors.ts";
import type { Workers } from "./workers.ts";

/** How long they have: this is asked each second. Who is late is asked again, and has kept it. */
const ANSWER_WAIT_MS = 500;

/** The workers, as far as it matters here. */
export type ObservedWorkers = Pick<Workers, "askEach"> & {
  readonly serving: readonly { readonly pid: number }[];
};

/**
 * What versions of a service did by the second, over all workers. From now on they count that,
 * until nobody has asked for a while. @throws WorkerError when one that serves does not answer
 */
export async function observeWorkers(
  workers: ObservedWorkers,
  question: ObservationQuestion,
  clock: Clock,
): Promise<ObservedSeconds> {
  const asked = workers.serving.map(({ pid }) => pid);
  const answers = await orLate(
    workers.askEach(() => ({ kind: "observe", question })),
    ANSWER_WAIT_MS,
    clock,
    () => {
      throw new WorkerError(`one of workers ${asked.join(", ")} did not answer in time`);
    },
  );
  const sources = [...answers.values()].flatMap((answer) => {
    return answer.kind === "observed" ? [answer.observed] : [];
  });
  if (sources.length === 0) throw new WorkerError("none of them has answered");
  const untilS = Math.min(...sources.map((source) => source.untilS));
  const sinceS = Math.min(...sources.map((source) => source.sinceS));
  return { sinceS, untilS, seconds: joinedSeconds(sources, untilS, question.versions.length) };
}
