import { z } from "zod";
import type { Weights } from "../table/edit-document.ts";
import { shiftResult, shiftWrite } from "../table/service-writes.ts";
import type { ShiftResult } from "../table/service-writes.ts";
import type { WriteContext } from "../table/table-sink.ts";
import type { TrialView } from "../views/service-view.ts";
import { nothingToConfirm } from "./api-errors.ts";
import type { Api, ApiDeps } from "./deps.ts";
import { problemResponses } from "./problem.ts";

/** A shift, which is only tried if it has to be confirmed. */
export async function shiftOrTry(
  { services, rollouts }: ApiDeps,
  service: string,
  weights: Weights,
  how: { readonly context: WriteContext; readonly confirmWithinMs: number | undefined },
): Promise<ShiftResult> {
  const { context, confirmWithinMs } = how;
  const shift = (): Promise<ShiftResult> => services.shift(service, weights, context);
  if (confirmWithinMs === undefined) return shift();
  const planned = await services.preview(shiftWrite(service, weights, context));
  const { weights: after } = shiftResult(planned, service);
  return rollouts.tryShift({ service, after, actor: context.actor }, confirmWithinMs, shift);
}

/** What would be taken back of a service. undefined: nothing. */
export function trialView(rollouts: ApiDeps["rollouts"], service: string): TrialView | undefined {
  const trial = rollouts.trial(service);
  if (trial === undefined) return undefined;
  const { dueMs, actor, before } = trial;
  return { until: new Date(dueMs).toISOString(), actor, before };
}

/** `POST /v1/services/{service}/confirm`: what was tried stays. */
export function confirmRoute(api: Api, { rollouts }: ApiDeps): void {
  api.post(
    "/v1/services/:service/confirm",
    {
      config: { role: "shift" },
      schema: {
        summary: "Confirm a shift, which then stays",
        params: z.object({ service: z.string() }),
        response: { 200: z.object({ confirmed: z.literal(true) }), ...problemResponses(404, 503) },
      },
    },
    async (request, reply) => {
      const { service } = request.params;
      if (!(await rollouts.confirm(service))) throw nothingToConfirm(service);
      return reply.send({ confirmed: true });
    },
  );
}
