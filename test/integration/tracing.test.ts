import { connect } from "node:http2";
import { once } from "node:events";
import { describe, expect, onTestFinished, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { KeptConnection } from "../support/kept-connection.ts";
import { startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import { SpanCollector } from "../support/span-collector.ts";
import type { ReadSpan } from "../support/span-collector.ts";
import { VersionOrigin } from "../support/version-origin.ts";

/*
 * Goal: what an endpoint gets and what a collector is told are one trace, over both protocols, and
 * nothing of it is lost when workers or the sidecar end in order.
 * Method: real sidecars, and a collector that keeps what it is told. Others' collectors are tried
 * in test/foreign/tracing.foreign.ts.
 */

/** On a busy machine. */
const WAIT_MS = 40_000;

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";
const B3 = "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1";

/** An origin that answers with the trace fields that it gets. */
async function origin(): Promise<VersionOrigin> {
  const started = await VersionOrigin.start("v1");
  started.answer = (response, { headers }) => {
    const { traceparent, tracestate, b3 } = headers;
    response.end(JSON.stringify({ traceparent, tracestate, b3 }));
  };
  onTestFinished(() => started[Symbol.dispose]());
  return started;
}

async function collectorFor(): Promise<SpanCollector> {
  const collector = await SpanCollector.start();
  onTestFinished(() => collector[Symbol.dispose]());
  return collector;
}

async function sidecarWith(config: object): Promise<TestSidecar> {
  const sidecar = await startSidecar(config);
  onTestFinished(() => sidecar.stop());
  return sidecar;
}

type Seen = Readonly<Record<"traceparent" | "tracestate" | "b3", string | undefined>>;

async function get(
  { ports: [port = 0] }: TestSidecar,
  path: string,
  fields: Readonly<Record<string, string>> = {},
): Promise<Seen> {
  const session = connect(`http://127.0.0.1:${port}`);
  const stream = session.request({ ":path": path, ":authority": "web", ...fields });
  let text = "";
  stream.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  await once(stream, "end");
  session.close();
  return JSON.parse(text) as Seen;
}

/** What the collector was told, once it was told as much. */
async function told(collector: SpanCollector, count: number): Promise<readonly ReadSpan[]> {
  await eventually(() => expect(collector.spans).toHaveLength(count), WAIT_MS);
  return collector.spans;
}

describe("Traces", () => {
  test("go from the client through spans of ours to the endpoint, as its parent says", async () => {
    const [v1, collector] = [await origin(), await collectorFor()];
    const sidecar = await sidecarWith({
      listeners: [{ bind: "127.0.0.1:0", trustedPeers: ["127.0.0.1"] }],
      tracing: { endpoint: collector.endpoint, ratio: 0, serviceName: "edge" },
      services: { web: { versions: { v1: { endpoints: [v1.address] } } } },
    });
    const sent = { traceparent: `00-${TRACE}-${PARENT}-01`, tracestate: "a=1", b3: B3 };
    const seen = await get(sidecar, "/cart?token=secret", sent);
    const [server, client, ...others] = await told(collector, 2);
    expect(others).toEqual([]);
    expect(server).toMatchObject({
      traceId: TRACE,
      parentSpanId: PARENT,
      traceState: "a=1",
      name: "GET",
      kind: 2,
    });
    expect(server?.attributes).toMatchObject({
      "http.request.method": "GET",
      "url.path": "/cart",
      "http.response.status_code": "200",
      "sluice.service": "web",
      "sluice.version": "v1",
    });
    expect(client).toMatchObject({ traceId: TRACE, parentSpanId: server?.spanId, kind: 3 });
    const [host, port] = v1.address.split(":");
    expect(client?.attributes).toMatchObject({
      "network.peer.address": host,
      "network.peer.port": port,
    });
    expect(seen).toEqual({ ...sent, traceparent: `00-${TRACE}-${client?.spanId}-01` });
    expect(collector.resource).toMatchObject({ "service.name": "edge" });
    expect(collector.asked).toEqual(["POST /v1/traces application/json"]);
    expect(JSON.stringify(collector.spans)).not.toContain("secret");
    // Not sampled: it goes on, and nobody is told.
    const quiet = await get(sidecar, "/", { traceparent: `00-${TRACE}-${PARENT}-00` });
    expect(quiet.traceparent).toMatch(new RegExp(`^00-${TRACE}-(?!${PARENT})[0-9a-f]{16}-00$`));
    const metrics = await (await sidecar.call("GET", "/metrics")).text();
    expect(metrics).toContain('sluice_trace_spans_total{outcome="exported"} 2');
    expect(metrics).toContain('sluice_trace_spans_total{outcome="dropped"} 0');
  });

  test("have a span for each try, and each tells the endpoint its own", async () => {
    const [v1, collector] = [await origin(), await collectorFor()];
    const parents: (string | undefined)[] = [];
    v1.answer = (response, { headers }) => {
      parents.push(String(headers["traceparent"]));
      response.writeHead(parents.length === 1 ? 503 : 200).end("ok");
    };
    const sidecar = await sidecarWith({
      tracing: { endpoint: collector.endpoint, ratio: 1 },
      services: {
        web: {
          versions: { v1: { endpoints: [v1.address] } },
          retries: { attempts: 1, on: ["503"] },
        },
      },
    });
    const client = await KeptConnection.open(sidecar.ports[0] ?? 0);
    await client.get("web", "/");
    client.close();
    const [server, first, second] = await told(collector, 3);
    const { traceId = "" } = server ?? {};
    expect(server?.parentSpanId).toBeUndefined();
    expect(parents).toEqual([
      `00-${traceId}-${first?.spanId}-01`,
      `00-${traceId}-${second?.spanId}-01`,
    ]);
    expect(first?.attributes).toMatchObject({ "error.type": "503" });
    expect(second?.attributes).toMatchObject({
      "http.request.resend_count": "1",
      "http.response.status_code": "200",
    });
  });

  test("begin, change and end with a reload, and lose nothing in a swap or a drain", async () => {
    const [v1, collector] = [await origin(), await collectorFor()];
    const services = { web: { versions: { v1: { endpoints: [v1.address] } } } };
    const sidecar = await sidecarWith({ services });
    expect(await get(sidecar, "/off", { traceparent: "as it is" })).toEqual({
      traceparent: "as it is",
    });
    const follow = async (tracing: object | undefined): Promise<void> => {
      await sidecar.writeConfig({ services, tracing });
      expect((await sidecar.call("POST", "/v1/reload")).status).toBe(200);
    };
    await follow({ endpoint: collector.endpoint, ratio: 1 });
    await get(sidecar, "/before-swap");
    expect((await sidecar.call("POST", "/v1/workers/swap", { trial: "0" })).status).toBe(200);
    await get(sidecar, "/after-swap");
    await follow(undefined);
    expect(await get(sidecar, "/off")).toEqual({});
    await follow({ endpoint: collector.endpoint, ratio: 1 });
    await get(sidecar, "/last");
    sidecar.child.kill("SIGTERM");
    expect(await sidecar.ended).toBe(0);
    const paths = collector.spans.map(({ attributes }) => attributes["url.path"]);
    // Between them are the requests of the trial.
    const own = new Set(paths.filter((path) => path !== "*"));
    expect([...own]).toEqual(["/before-swap", "/after-swap", "/last"]);
  });
});
