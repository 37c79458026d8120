import { afterAll, describe, expect, test } from "vitest";
import { startNginx } from "./support/configured-servers.ts";
import {
  GRPC_CASES,
  GRPC_LIBRARIES,
  runGrpcCases,
  startGrpcOrigin,
} from "./support/grpc-programs.ts";
import { makeBedFiles, startHttp2Bed } from "./support/http2-bed.ts";
import type { Scheme } from "./support/http2-bed.ts";
import { isMissing } from "./support/programs.ts";

/*
 * Goal: gRPC passes as it is, by the public list of interoperability cases.
 * Method: the clients of three libraries with the servers of the same three, and with nginx that
 * passes on to one of them. grpc-go brings its own cases; those of the others are ours.
 */

const SCHEMES: readonly Scheme[] = ["http", "https"];
const NGINX = "nginx before grpc-go";

/**
 * nginx makes a 502 of the reset with which grpc-go ends a call whose time is up, and no proxy can
 * know better.
 */
function casesFor(origin: string): readonly string[] {
  return GRPC_CASES.filter((name) => origin !== NGINX || name !== "timeout_on_sleeping_server");
}

describe("gRPC", async () => {
  await using stack = new AsyncDisposableStack();
  const files = stack.use(await makeBedFiles());
  const addresses = new Map<string, string>();
  for (const library of GRPC_LIBRARIES.filter(({ needs }) => !isMissing(...needs))) {
    addresses.set(library.name, stack.use(await startGrpcOrigin(library)).address);
  }
  const behind = addresses.get("grpc-go");
  if (behind !== undefined && !isMissing("nginx")) {
    const nginx = await startNginx(
      ({ port }) => `server {
        listen 127.0.0.1:${port} http2;
        location / { grpc_pass grpc://${behind}; }
      }`,
    );
    addresses.set(NGINX, stack.use(nginx).address);
  }
  const services = [...addresses.values()].map((v1, place) => [
    `service-${place}`,
    { versions: { v1 }, upstream: { protocol: "h2" } },
  ]);
  const origins = [...addresses.keys()].map((name, place) => ({
    name,
    service: `service-${place}`,
  }));
  const bed = stack.use(await startHttp2Bed(Object.fromEntries(services), files));
  const kept = stack.move();
  afterAll(() => kept.disposeAsync());

  describe.each(SCHEMES)("by %s", (scheme) => {
    describe.each(origins)("to $name", ({ name, service }) => {
      test.for(GRPC_LIBRARIES)("from $name", async (library, context) => {
        context.skip(isMissing(...library.needs), `no ${library.needs.join(", ")}`);
        const { host } = new URL(bed.url(service, scheme));
        const roots = scheme === "https" ? bed.roots : undefined;
        const cases = casesFor(name);
        const wanted = cases.map((done) => `${done} ok`);
        expect(await runGrpcCases(library, host, cases, roots)).toEqual(wanted);
      });
    });
  });
});
