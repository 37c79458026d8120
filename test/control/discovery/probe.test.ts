import { createServer } from "node:http";
import type { IncomingMessage, RequestListener } from "node:http";
import { createServer as createTcpServer } from "node:net";
import type { AddressInfo, Server } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { probe } from "../../../control/discovery/probe.ts";
import type { ProbeResult, ProbeTarget } from "../../../control/discovery/probe-target.ts";
import { systemClock } from "../../../proxy/base/clock.ts";
import { fixedClock } from "../../support/fixed-clock.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const NEVER = new AbortController().signal;

/** The address of a server that ends with the test. `path`: of a Unix socket. */
async function listening(server: Server, path?: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (path === undefined) server.listen(0, "127.0.0.1", resolve);
  else server.listen(path, resolve);
  await promise;
  onTestFinished(() => void server.close());
  return path === undefined
    ? `127.0.0.1:${(server.address() as AddressInfo).port}`
    : `unix:${path}`;
}

function targetOf(address: string, path = "/health?deep=1"): ProbeTarget {
  return { address, host: "web.internal", question: { kind: "http", path }, timeoutMs: 700 };
}

/** Asks a server that answers so. */
async function ask(listener: RequestListener): Promise<ProbeResult> {
  const address = await listening(createServer(listener));
  return probe(systemClock, { ...targetOf(address), timeoutMs: 10_000 }, NEVER);
}

test("probe() asks by GET, over a connection that it does not keep", async () => {
  const seen: IncomingMessage[] = [];
  const result = await ask((request, response) => {
    seen.push(request);
    response.end("fine");
  });
  expect(result).toEqual({ succeeded: true, reason: "answered 200" });
  expect(seen.map(({ method, url, headers }) => ({ method, url, ...headers }))).toEqual([
    {
      method: "GET",
      url: "/health?deep=1",
      host: "web.internal",
      connection: "close",
      "user-agent": "sluice-health-check",
    },
  ]);
});

test.each([
  [204, true],
  [302, true],
  [399, true],
  [400, false],
  [503, false],
])("probe() takes status %d for a success: %s", async (status, succeeded) => {
  const result = await ask((_request, response) => response.writeHead(status).end());
  expect(result).toEqual({ succeeded, reason: `answered ${status}` });
});

test("probe() asks over a Unix socket", async () => {
  const path = join(await temporaryFolder(), "web.sock");
  const address = await listening(
    createServer((_request, response) => response.end()),
    path,
  );
  expect(await probe(fixedClock, targetOf(address), NEVER)).toMatchObject({ succeeded: true });
});

test("probe() names the system's code when it cannot connect", async () => {
  const server = createTcpServer();
  const address = await listening(server);
  await server[Symbol.asyncDispose]();
  expect(await probe(fixedClock, targetOf(address), NEVER)).toEqual({
    succeeded: false,
    reason: "cannot connect: ECONNREFUSED",
  });
});

test("probe() says that an answer is none", async () => {
  const address = await listening(createTcpServer((socket) => socket.end("220 smtp ready\r\n")));
  const { succeeded, reason } = await probe(fixedClock, targetOf(address), NEVER);
  expect([succeeded, reason]).toEqual([false, expect.stringMatching(/^no usable answer: \w+$/)]);
});

test("probe() waits for the end of the body, but no longer than its timeout", async () => {
  const clock = new ManualClock();
  const begun = Promise.withResolvers<void>();
  const server = createServer((_request, response) => {
    response.write("it begins");
    begun.resolve();
  });
  const address = await listening(server);
  const asking = probe(clock, targetOf(address), NEVER);
  await begun.promise;
  await clock.advance(700);
  expect(await asking).toEqual({ succeeded: false, reason: "no answer within 700 ms" });
});

test("probe() ends with a failure when it is not wanted any more", async () => {
  const unwanted = new AbortController();
  const closed = Promise.withResolvers<void>();
  const server = createServer((request) => {
    request.socket.once("close", () => closed.resolve());
    unwanted.abort();
  });
  const address = await listening(server);
  expect(await probe(new ManualClock(), targetOf(address), unwanted.signal)).toMatchObject({
    succeeded: false,
  });
  await closed.promise;
});
