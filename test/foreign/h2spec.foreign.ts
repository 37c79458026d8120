import { afterAll, describe, expect, test } from "vitest";
import { startSidecar } from "../support/sidecar.ts";
import { runProgram } from "./support/foreign-process.ts";
import { makeBedFiles } from "./support/http2-bed.ts";
import { Http2Origin } from "./support/http2-origin.ts";
import type { OriginProtocol } from "./support/http2-origin.ts";
import { isMissing, program } from "./support/programs.ts";

/*
 * Goal: the public conformance tool for RFC 9113 and RFC 7541 finds nothing at a listener.
 * Method: h2spec with all its cases, the strict ones too, at a listener of each kind, in front of
 * endpoints of both protocols. test/integration/http2/conformance.test.ts has cases of our own.
 */

/** All that h2spec knows, with --strict: less would be another h2spec, or an early end. */
const CASES = 146;
/** Seconds for each case; most of them need none. */
const PATIENCE_S = 10;
/** For a run, on a machine that has other things to do. */
const RUN_TIMEOUT_MS = 110_000;

/** A damaged preface is a request of HTTP/1.1 where both are spoken: see docs/protocols.md. */
const BAD_PREFACE = "2: Sends invalid connection preface";

/** Services, and what their endpoints speak. */
const SPOKEN: Readonly<Record<string, OriginProtocol>> = { web1: "http/1.1", web2: "h2" };
/** Each kind of listener, and what h2spec finds there. */
const KINDS = [
  { kind: "in clear", more: {}, secure: [], found: [BAD_PREFACE] },
  { kind: "in clear, for HTTP/2 alone", more: { protocols: ["h2"] }, secure: [], found: [] },
  { kind: "over TLS", more: {}, secure: ["--tls", "--insecure"], found: [] },
];

describe.skipIf(isMissing("h2spec"))("h2spec", async () => {
  await using stack = new AsyncDisposableStack();
  const { cert, key } = stack.use(await makeBedFiles());
  const all = Object.entries(SPOKEN).flatMap(([service, protocol]) =>
    KINDS.map((each) => ({ ...each, service, protocol })),
  );
  const listeners = all.map(({ more, secure, service }, place) => ({
    bind: `127.0.0.${place + 1}:0`,
    service,
    ...more,
    ...(secure.length > 0 && { tls: { certificates: [{ cert, key }] } }),
  }));
  const services: Record<string, object> = {};
  for (const [service, protocol] of Object.entries(SPOKEN)) {
    const { address } = stack.use(await Http2Origin.start("v1", protocol));
    services[service] = { versions: { v1: { endpoints: [address] } }, upstream: { protocol } };
  }
  const sidecar = await startSidecar({ listeners, services });
  stack.defer(() => sidecar.stop());
  const kept = stack.move();
  afterAll(() => kept.disposeAsync());

  test.each(all.map((each, place) => ({ ...each, place })))(
    "finds what it should $kind, before endpoints of $protocol",
    async ({ secure, found, place }) => {
      const to = ["--host", `127.0.0.${place + 1}`, "--port", `${sidecar.ports[place]}`, ...secure];
      const args = [...to, "--path", "/hello", "--strict", "--timeout", `${PATIENCE_S}`];
      const { out } = await runProgram(program("h2spec"), args, { timeoutMs: RUN_TIMEOUT_MS });
      const failures = out.slice(out.indexOf("Failures:")).matchAll(/× (.*)/g);
      expect([...failures].map(([, title]) => title)).toEqual(found);
      const passed = CASES - found.length;
      const sums = `${CASES} tests, ${passed} passed, 0 skipped, ${found.length} failed`;
      expect(out).toContain(sums);
    },
  );
});
