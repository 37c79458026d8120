import { afterAll, describe, expect, test } from "vitest";
import { makeBedFiles, startHttp2Bed } from "./support/http2-bed.ts";
import type { BedService, Scheme } from "./support/http2-bed.ts";
import { EXPECTED, runNodeClient } from "./support/http2-clients.ts";
import { Http2Origin } from "./support/http2-origin.ts";
import { HTTP2_SERVERS } from "./support/http2-origins.ts";
import { isMissing } from "./support/programs.ts";

/*
 * Goal: endpoints that speak HTTP/2 are understood, whoever wrote them, in clear and over TLS.
 * Method: a client that shows everything goes through the same cases at each of them.
 */

const SCHEMES: readonly Scheme[] = ["http", "https"];

describe("Origins that speak HTTP/2", async () => {
  await using stack = new AsyncDisposableStack();
  const files = stack.use(await makeBedFiles());
  const behind = stack.use(await Http2Origin.start("v1", "http/1.1")).address;
  const services: Record<string, BedService> = {};
  const upstreams = {
    http: { protocol: "h2" },
    https: { protocol: "h2", tls: { ca: files.roots, serverName: "localhost" } },
  };
  const all = SCHEMES.flatMap((scheme) =>
    HTTP2_SERVERS.map((server, place) => ({ ...server, scheme, service: `${scheme}-${place}` })),
  );
  for (const { needs, start, scheme, service } of all) {
    if (isMissing(...needs)) continue;
    const { address } = stack.use(await start(scheme, files, behind));
    services[service] = { versions: { v1: address }, upstream: upstreams[scheme] };
  }
  const bed = stack.use(await startHttp2Bed(services, files));
  const kept = stack.move();
  afterAll(() => kept.disposeAsync());

  test.for(all)("$name by $scheme", async ({ needs, differs, service }, context) => {
    context.skip(isMissing(...needs), `no ${needs.join(", ")}`);
    const expected = Object.entries({ ...EXPECTED, ...differs }).filter(
      ([, outcome]) => outcome !== undefined,
    );
    const target = { url: bed.url(service, "http"), roots: bed.roots };
    const outcomes = await runNodeClient(
      target,
      expected.map(([name]) => name),
    );
    expect(outcomes).toEqual(Object.fromEntries(expected));
  });
});
