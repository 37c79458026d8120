/** An event of the stream, as far as the page looks at it: see docs/events.md. */
export type PageEvent = {
  readonly id: number;
  readonly time: string;
  readonly kind: string;
  readonly service?: string;
  readonly services?: readonly string[];
  readonly version?: string;
  readonly endpoint?: string;
  readonly [field: string]: unknown;
};

/** Events kept: as many as the sidecar keeps. */
const EVENTS_KEPT_MAX = 1_000;

/** Adds an event to those that are known, newest last. One that is known changes nothing. */
export function withEvent(events: readonly PageEvent[], event: PageEvent): readonly PageEvent[] {
  if (events.some(({ id, time }) => id === event.id && time === event.time)) return events;
  return [...events, event].slice(-EVENTS_KEPT_MAX);
}

/** Those that concern a service. */
export function eventsOf(events: readonly PageEvent[], service: string): readonly PageEvent[] {
  return events.filter((event) => {
    const { services = event.service === undefined ? [] : [event.service] } = event;
    return Array.isArray(services) && services.includes(service);
  });
}
