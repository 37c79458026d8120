import type { Clock } from "../../proxy/base/clock.ts";
import type { Log, LogFields } from "../../proxy/base/log.ts";

/** Lines of one event within WINDOW_MS: enough to see what it is about. */
const LINES_MAX = 10;
const WINDOW_MS = 1_000;

/**
 * A log for what may happen to a thousand things at once, as when an agent dies whose services all
 * have a watch: of each event it writes ten lines a second, and then one with how many `more` there
 * were. Once the signal is aborted that one comes at once.
 */
export function calmLog(log: Log, clock: Clock, signal: AbortSignal): Log {
  const counts = new Map<string, number>();
  const calm =
    (level: keyof Log) =>
    (event: string, fields?: LogFields): void => {
      const count = (counts.get(event) ?? 0) + 1;
      counts.set(event, count);
      if (count <= LINES_MAX) log[level](event, fields);
      if (count > 1) return;
      const close = (): void => {
        const more = (counts.get(event) ?? 0) - LINES_MAX;
        counts.delete(event);
        if (more > 0) log[level](event, { more });
      };
      clock.sleep(WINDOW_MS, signal).then(close, close);
    };
  return { info: calm("info"), warn: calm("warn"), error: calm("error") };
}
