import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { request } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { expect, onTestFinished, test } from "vitest";
import { EchoTunnel } from "../support/echo-tunnel.ts";
import { startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import { VersionOrigin } from "../support/version-origin.ts";

/*
 * Goal: on a Node whose streams below net.Socket are not the ones we know, workers do the same with
 * net.Socket. Method: `process.binding` is taken away before anything of ours is loaded.
 */

const WITHOUT_BINDING = "--import=data:text/javascript,delete%20process.binding";

/** Answers with the digest of what it gets, and with as many bytes as `x-bytes` says. */
function answerDigest(response: ServerResponse, incoming: IncomingMessage): void {
  const hash = createHash("sha256");
  incoming.on("data", (bytes: Buffer) => hash.update(bytes));
  incoming.on("end", () => {
    response.setHeader("x-digest", hash.digest("hex"));
    response.end(Buffer.alloc(Number(incoming.headers["x-bytes"] ?? 0), "x"));
  });
}

async function start(env: NodeJS.ProcessEnv): Promise<TestSidecar> {
  const origin = await VersionOrigin.start("v1");
  onTestFinished(() => origin[Symbol.dispose]());
  origin.answer = answerDigest;
  const versions = { v1: { endpoints: [origin.address] } };
  const sidecar = await startSidecar({ services: { web: { versions } } }, env);
  onTestFinished(sidecar.stop);
  return sidecar;
}

async function post(port: number, body: Buffer, bytes: number): Promise<[string, number]> {
  const headers = { host: "web", "x-bytes": bytes };
  const sent = request({ host: "127.0.0.1", port, method: "POST", headers });
  sent.end(body);
  const [response] = await once(sent, "response");
  let received = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) received += chunk.length;
  return [response.headers["x-digest"], received];
}

test("a worker on an unknown Node says so, and passes on what the others do", async () => {
  const sidecar = await start({ NODE_OPTIONS: WITHOUT_BINDING });
  const [port = 0] = sidecar.ports;
  expect(sidecar.log.map(({ event }) => event)).toContain("worker.streams-unknown");
  const tunnel = await EchoTunnel.open(port, "web");
  const body = randomBytes(3 * 1024 * 1024);
  const digest = createHash("sha256").update(body).digest("hex");
  for (const bytes of [0, 100, 5 * 1024 * 1024]) {
    expect(await post(port, body, bytes)).toEqual([digest, bytes]);
  }
  const swapped = await sidecar.call("POST", "/v1/workers/swap", {});
  expect(swapped.status).toBeLessThan(300);
  expect(await post(port, body, 1)).toEqual([digest, 1]);
  await tunnel.more(3);
  expect([tunnel.wrong, tunnel.isOpen]).toEqual([0, true]);
});

test("a worker on the Node that npm brings knows its streams", async () => {
  const sidecar = await start({});
  expect(sidecar.log.map(({ event }) => event)).not.toContain("worker.streams-unknown");
});
