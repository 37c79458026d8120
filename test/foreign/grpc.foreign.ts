import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { startNginx } from "./support/configured-servers.ts";
import type { ForeignServer } from "./support/foreign-process.ts";
import {
  GRPC_CASES,
  GRPC_JS_CASES,
  GRPC_LIBRARIES,
  runGrpcCases,
  runGrpcJsCases,
  startGrpcOrigin,
} from "./support/grpc-programs.ts";
import { makeBedFiles, startHttp2Bed } from "./support/http2-bed.ts";
import type { Scheme } from "./support/http2-bed.ts";
import { isMissing } from "./support/programs.ts";
import { sidecarFor } from "./support/sidecar-for.ts";

/*
 * Goal: gRPC passes as it is, by the public list of interoperability cases.
 * Method: the clients of three libraries with the servers of the same three, and with nginx that
 * passes on to one of them. grpc-go brings its own cases; those of the others are ours. What more a
 * sidecar does for calls is tried by grpc-js on both sides.
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

describe.skipIf(isMissing("grpc-js"))("gRPC of Node", () => {
  const H2 = { upstream: { protocol: "h2" } };

  async function startOrigin(...name: readonly string[]): Promise<ForeignServer> {
    const origin = await startGrpcOrigin(undefined, ...name);
    onTestFinished(() => origin[Symbol.asyncDispose]());
    return origin;
  }

  test("passes more than the list has, and its server's health is known", async () => {
    const origin = await startOrigin();
    const wanted = GRPC_JS_CASES.map((done) => `${done} ok`);
    expect(await runGrpcJsCases(origin.address, ...GRPC_JS_CASES)).toEqual(wanted);
    const healthCheck = { kind: "grpc", interval: "100ms", rise: 1, fall: 1 };
    const { sidecar, url } = await sidecarFor([origin.address], { ...H2, healthCheck });
    expect(await runGrpcJsCases(new URL(url).host, ...GRPC_JS_CASES)).toEqual(wanted);
    const shown = async (): Promise<string> =>
      (await sidecar.call("GET", "/v1/services/web")).text();
    expect(await shown()).toContain('"healthy":true');
    await origin[Symbol.asyncDispose]();
    await eventually(async () => expect(await shown()).toContain('"healthy":false'));
  });

  test("is split call by call on one connection, exactly", async () => {
    const [one, two] = [await startOrigin("v1"), await startOrigin("v2")];
    const versions = {
      v1: { weight: 90, endpoints: [one.address] },
      v2: { weight: 10, endpoints: [two.address] },
    };
    const { url } = await sidecarFor([], { ...H2, versions });
    expect(await runGrpcJsCases(new URL(url).host, "split_90_to_10")).toEqual([
      "split_90_to_10 ok",
    ]);
  });

  test("hears from the sidecar that there is no endpoint, in its own words", async () => {
    const { url } = await sidecarFor(["127.0.0.1:1"], H2);
    const [said] = await runGrpcJsCases(new URL(url).host, "empty_unary");
    expect(said).toMatch(/^empty_unary 14 UNAVAILABLE: The endpoint refused the connection/);
  });
});
