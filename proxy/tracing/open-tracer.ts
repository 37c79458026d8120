import { RandomHex } from "../base/random-hex.ts";
import type { TimerWheel } from "../base/timer-wheel.ts";
import type { FromWorker } from "../messages/messages.ts";
import { SpanBatch } from "./span-batch.ts";
import { Tracer } from "./tracer.ts";
import type { TracerDeps } from "./tracer.ts";

/** Says something to the primary; calls `onSent` when nothing of it is left in this process. */
type SendAway = (message: FromWorker, onSent: () => void) => void;

/** A tracer whose spans go to the primary. It is off until it is told otherwise. */
export function openTracer(
  deps: Pick<TracerDeps, "clock" | "random" | "witness"> & { readonly wheel: TimerWheel },
  send: SendAway,
): Tracer {
  const batch = new SpanBatch({
    ...deps,
    send: (report, onSent) => send({ kind: "spans", ...report }, onSent),
  });
  return new Tracer({ ...deps, hex: new RandomHex(), batch });
}
