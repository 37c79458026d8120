import { afterAll, describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { makeBedFiles, startHttp2Bed } from "./support/http2-bed.ts";
import type { BedService, Scheme } from "./support/http2-bed.ts";
import { HTTP2_CLIENTS, SHIFT_REQUESTS, expectedOf } from "./support/http2-clients.ts";
import { Http2Origin } from "./support/http2-origin.ts";
import type { OriginProtocol } from "./support/http2-origin.ts";
import { isMissing } from "./support/programs.ts";

/*
 * Goal: clients of HTTP/2 that people use get what they would get without a sidecar between them,
 * in clear and over TLS, whatever the endpoints speak; and notice nothing of a shift.
 * Method: each goes through the same cases, and while it asks for the version again and again, all
 * traffic is shifted from one version to the other.
 */

/** A part of a client's requests, after which there is a shift. */
const ASKED_BEFORE = SHIFT_REQUESTS / 6;
/** How long a client takes to come so far: one of Java is compiled first. */
const ASKED_WITHIN_MS = 60_000;

/** Services, and what their endpoints speak. */
const SPOKEN: Readonly<Record<string, OriginProtocol>> = { web1: "http/1.1", web2: "h2" };
const SCHEMES: readonly Scheme[] = ["http", "https"];
const WAYS = Object.entries(SPOKEN).flatMap(([service, protocol]) =>
  SCHEMES.map((scheme) => ({ service, protocol, scheme })),
);

describe("Clients of HTTP/2", async () => {
  await using stack = new AsyncDisposableStack();
  const files = stack.use(await makeBedFiles());
  const origins = new Map<string, readonly Http2Origin[]>();
  const services: Record<string, BedService> = {};
  for (const [service, protocol] of Object.entries(SPOKEN)) {
    const names = ["v1", "v2"];
    const versions = await Promise.all(names.map((name) => Http2Origin.start(name, protocol)));
    for (const each of versions) stack.use(each);
    origins.set(service, versions);
    services[service] = {
      versions: Object.fromEntries(versions.map(({ name, address }) => [name, address])),
      upstream: { protocol },
    };
  }
  const bed = stack.use(await startHttp2Bed(services, files));
  const kept = stack.move();
  afterAll(() => kept.disposeAsync());

  describe.each(WAYS)("by $scheme, to endpoints of $protocol", ({ service, scheme }) => {
    test.for(HTTP2_CLIENTS)("$name", async (client, context) => {
      context.skip(isMissing(...client.needs), `no ${client.needs.join(", ")}`);
      const [v1, v2] = origins.get(service) as [Http2Origin, Http2Origin];
      await bed.shift(service, "v1");
      const before = [v1.asked, v2.asked] as const;
      const running = client.run({ url: bed.url(service, scheme), roots: bed.roots });
      const expected = expectedOf(client, scheme);
      if (expected["shift"] !== undefined) {
        await eventually(
          () => expect(v1.asked - before[0]).toBeGreaterThan(ASKED_BEFORE),
          ASKED_WITHIN_MS,
        );
        await bed.shift(service, "v2");
      }
      expect(await running).toEqual(expected);
      if (expected["shift"] === undefined) return;
      expect(v2.asked).toBeGreaterThan(before[1]);
      expect(v1.asked + v2.asked - before[0] - before[1]).toBe(SHIFT_REQUESTS);
    });
  });
});
