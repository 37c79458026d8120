import { systemClock } from "../../../proxy/base/clock.ts";
import { RandomHex } from "../../../proxy/base/random-hex.ts";
import type { ServiceSnapshot } from "../../../proxy/table/snapshot.ts";
import { Tracer } from "../../../proxy/tracing/tracer.ts";
import { readSpan } from "../../support/span-collector.ts";
import type { OtlpSpan, ReadSpan } from "../../support/span-collector.ts";
import { ExchangeBed } from "../exchange/exchange-fixture.ts";

/** Exchanges whose spans are kept. `draws`: what chance comes to, 0.5 when they are used up. */
export function tracedBed(
  service: Partial<ServiceSnapshot> = {},
  draws: readonly number[] = [],
): { readonly bed: ExchangeBed; readonly tracer: Tracer; readonly spans: readonly ReadSpan[] } {
  const bed = new ExchangeBed(service);
  const spans: ReadSpan[] = [];
  const left = [...draws];
  const tracer = new Tracer({
    clock: systemClock,
    random: { next: () => left.shift() ?? 0.5 },
    hex: new RandomHex(),
    witness: bed.witness,
    batch: {
      add: (text) => spans.push(readSpan(JSON.parse(text) as OtlpSpan)),
      flush: async () => undefined,
    },
  });
  return { bed, tracer, spans };
}

/** The traceparents in this text, in their order. */
export function parentsIn(text: string): readonly string[] {
  return [...text.matchAll(/^traceparent: (.*)\r$/gim)].map(([, value = ""]) => value);
}
