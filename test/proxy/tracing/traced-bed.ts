import { systemClock } from "../../../proxy/base/clock.ts";
import { RandomHex } from "../../../proxy/base/random-hex.ts";
import type { ServiceSnapshot } from "../../../proxy/table/snapshot.ts";
import { Tracer } from "../../../proxy/tracing/tracer.ts";
import { ExchangeBed } from "../exchange/exchange-fixture.ts";

/** A span, its attributes by name. */
export type ToldSpan = {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly traceState?: string;
  readonly name: string;
  readonly kind: number;
  readonly status?: { readonly code: number };
  readonly attributes: Readonly<Record<string, string | undefined>>;
};

type Attribute = { readonly key: string; readonly value: Readonly<Record<string, string>> };

/** Exchanges whose spans are kept. `draws`: what chance comes to, 0.5 when they are used up. */
export function tracedBed(
  service: Partial<ServiceSnapshot> = {},
  draws: readonly number[] = [],
): { readonly bed: ExchangeBed; readonly tracer: Tracer; readonly spans: readonly ToldSpan[] } {
  const bed = new ExchangeBed(service);
  const spans: ToldSpan[] = [];
  const left = [...draws];
  const tracer = new Tracer({
    clock: systemClock,
    random: { next: () => left.shift() ?? 0.5 },
    hex: new RandomHex(),
    witness: bed.witness,
    batch: {
      add: (text) => {
        const span = JSON.parse(text) as ToldSpan & { readonly attributes: readonly Attribute[] };
        const told = span.attributes.map(({ key, value }) => [key, Object.values(value)[0]]);
        spans.push({ ...span, attributes: Object.fromEntries(told) });
      },
      flush: async () => undefined,
    },
  });
  return { bed, tracer, spans };
}

/** The traceparents in this text, in their order. */
export function parentsIn(text: string): readonly string[] {
  return [...text.matchAll(/^traceparent: (.*)\r$/gim)].map(([, value = ""]) => value);
}
