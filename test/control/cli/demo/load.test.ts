import { createServer } from "node:http";
import type { RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { Load } from "../../../../control/cli/demo/load.ts";
import { Tally } from "../../../../control/cli/demo/tally.ts";
import { systemClock } from "../../../../proxy/base/clock.ts";
import { eventually } from "../../../support/eventually.ts";

type Origin = AsyncDisposable & { readonly url: string };

async function serve(listener: RequestListener): Promise<Origin> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

test("Load counts an answer for the tally of the moment when it was sent", async () => {
  const held: (() => void)[] = [];
  let received = 0;
  let isHolding = true;
  await using origin = await serve((_request, response) => {
    const answer = (): void => void response.setHeader("x-shop-version", "v1").end();
    received += 1;
    if (isHolding) held.push(answer);
    else answer();
  });
  const [before, after] = [new Tally(0), new Tally(1)];
  const load = new Load(systemClock, origin.url, before);
  const stop = new AbortController();
  const end = load.run(stop.signal);
  await eventually(() => expect(held.length).toBeGreaterThan(2));
  load.countFor(after);
  stop.abort();
  // On a slow machine more were due than there are connections: those come now.
  isHolding = false;
  for (const answer of held) answer();
  await end;
  expect([before.answers, after.answers]).toEqual([received, 0]);
});

test.each<[string, RequestListener, RegExp]>([
  ["status 503", (_request, response) => response.writeHead(503).end(), /^status 503$/],
  ["no version", (_request, response) => response.end("hello"), /^an answer of no version$/],
  ["a cut answer", (request) => request.socket.destroy(), /closed|hang up|reset/i],
])("Load counts %s as a failed request", async (_name, listener, reason) => {
  await using origin = await serve(listener);
  const tally = new Tally(0);
  const stop = new AbortController();
  const end = new Load(systemClock, origin.url, tally).run(stop.signal);
  await eventually(() => expect(tally.errors).toBeGreaterThan(3));
  stop.abort();
  await end;
  expect(tally.firstError).toMatch(reason);
  expect(tally.answers).toBe(0);
});
