import { collectDefaultMetrics, Registry } from "prom-client";

/** How often the event loop of this process is looked at. */
const LOOP_LOOK_MS = 100;

let registry: Registry | undefined;

/**
 * What the primary itself takes of the machine, in Prometheus' text format: memory, processor time,
 * descriptors, event-loop delay, garbage collection. Observed from the first call on, since each
 * observer costs something.
 */
export function processMetrics(): Promise<string> {
  if (registry === undefined) {
    registry = new Registry();
    collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LOOP_LOOK_MS });
  }
  return registry.metrics();
}
