import { expect, onTestFinished, test } from "vitest";
import { freePorts } from "../../control/cli/demo/children.ts";
import { eventually } from "../support/eventually.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { startSidecar } from "../support/sidecar.ts";
import { VersionOrigin } from "../support/version-origin.ts";
import { ForeignServer } from "./support/foreign-process.ts";
import { isMissing, program } from "./support/programs.ts";

/*
 * Goal: what we write as OTLP, OpenTelemetry's collector reads, and reads as it was meant.
 * Method: the collector's own OTLP receiver, which prints each span that it has taken. What spans
 * say is tested in test/integration/tracing.test.ts and test/proxy/tracing/.
 */

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";

type Taken = {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string;
  readonly began: string;
  readonly nanos: number;
};

async function receiver(): Promise<ForeignServer> {
  const [port] = await freePorts();
  const server = await ForeignServer.start(port, program("otlp-receiver"), [`127.0.0.1:${port}`]);
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server;
}

/** The spans that it has printed. */
function takenBy({ output }: ForeignServer): readonly Taken[] {
  const lines = output.split("\n").filter((line) => line.startsWith("{"));
  return lines.map((line) => JSON.parse(line) as Taken);
}

test.skipIf(isMissing("otlp-receiver"))("OpenTelemetry's collector takes our spans", async () => {
  const collector = await receiver();
  const origin = await VersionOrigin.start("v1");
  onTestFinished(() => origin[Symbol.dispose]());
  const sidecar = await startSidecar({
    listeners: [{ bind: "127.0.0.1:0", trustedPeers: ["127.0.0.1"] }],
    tracing: { endpoint: `http://${collector.address}`, ratio: 0, serviceName: 'é "edge"' },
    services: { web: { versions: { v1: { endpoints: [origin.address] } } } },
  });
  onTestFinished(() => sidecar.stop());
  const client = await RawSocket.open({ port: sidecar.ports[0] ?? 0 });
  const agent = `caf\u00c3\u00a9 "\\ ${"x".repeat(2_000)}`;
  client.send(
    `GET /a%20b HTTP/1.1\r\nHost: web\r\nUser-Agent: ${agent}\r\nConnection: close\r\n` +
      `traceparent: 00-${TRACE}-${PARENT}-01\r\ntracestate: a=1,b=2\r\n\r\n`,
  );
  expect((await client.response()).status).toBe(200);
  await eventually(() => expect(takenBy(collector)).toHaveLength(2), 40_000);
  const [server, attempt] = takenBy(collector);
  const common = {
    traceId: TRACE,
    traceState: "a=1,b=2",
    name: "GET",
    status: "Unset",
    resource: expect.objectContaining({ "service.name": 'é "edge"' }) as unknown,
  };
  expect(server).toMatchObject({
    ...common,
    parentId: PARENT,
    kind: "Server",
    flags: 0x301,
    attributes: {
      "url.path": "/a%20b",
      "user_agent.original": expect.stringMatching(/^café "\\ x{900,}\.\.\.$/) as unknown,
      "http.response.status_code": 200,
    },
  });
  expect(attempt).toMatchObject({ ...common, parentId: server?.spanId, kind: "Client" });
  expect(Math.abs(Date.now() - Date.parse(server?.began ?? ""))).toBeLessThan(120_000);
  expect(server?.nanos).toBeGreaterThanOrEqual(attempt?.nanos ?? Infinity);
  const metrics = await (await sidecar.call("GET", "/metrics")).text();
  expect(metrics).toContain('sluice_trace_spans_total{outcome="exported"} 2');
});
