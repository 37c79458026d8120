import { once } from "node:events";
import { createServer } from "node:http";
import type { RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { RemoteKeys } from "../../../../control/api/auth/remote-keys.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

const setOf = (kid: string): string => JSON.stringify({ keys: [{ kty: "OKP", kid }] });

/** An issuer that answers with whatever `answer` is, and counts who asked. */
async function issuer(first: RequestListener) {
  const state = { answer: first, asked: 0 };
  const server = createServer((request, response) => {
    state.asked += 1;
    state.answer(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
  const clock = new ManualClock();
  return { state, url, clock, keys: new RemoteKeys(url, clock) };
}

const says =
  (text: string, status = 200): RequestListener =>
  (_request, response) =>
    void response.writeHead(status, { location: "/elsewhere" }).end(text);

test("RemoteKeys asks again when its keys are 10 minutes old", async () => {
  const { state, clock, keys } = await issuer(says(setOf("one")));
  expect(keys.keys).toBeUndefined();
  expect([await keys.refresh(), keys.keys?.keys[0]?.kid]).toEqual([true, "one"]);
  await clock.advance(10 * 60_000 - 1);
  expect([await keys.refresh(), state.asked]).toEqual([false, 1]);
  await clock.advance(1);
  // The same again is nothing new.
  expect([await keys.refresh(), state.asked]).toEqual([false, 2]);
});

test("RemoteKeys looks for an unknown key at most twice a minute, whoever sends them", async () => {
  const { state, clock, keys } = await issuer(says(setOf("one")));
  await keys.refresh();
  state.answer = says(setOf("two"));
  expect([await keys.seek(), state.asked]).toEqual([false, 1]);
  await clock.advance(30_000);
  const both = await Promise.all([keys.seek(), keys.seek()]);
  expect([both, state.asked, keys.keys?.keys[0]?.kid]).toEqual([[true, true], 2, "two"]);
});

test.each([
  ["another status", says(setOf("two"), 500), "wanted status 200, found 500"],
  ["a redirect", says("", 302), "redirect"],
  ["no key set", says("<html>"), "wanted a JSON Web Key Set"],
  ["a private key", says('{"keys":[{"kty":"OKP","d":"hush"}]}'), "wanted public keys only"],
  ["too much", says(" ".repeat(256 * 1024 + 1)), "wanted at most 262144 bytes"],
  ["a cut", (_request, response) => response.destroy(), "closed"],
] as const satisfies readonly (readonly [string, RequestListener, string])[])(
  "RemoteKeys keeps its keys over %s, says why, and asks again after 30 s",
  async (_, answer, reason) => {
    const { state, url, clock, keys } = await issuer(says(setOf("one")));
    await keys.refresh();
    await clock.advance(10 * 60_000);
    state.answer = answer;
    expect([await keys.refresh(), keys.keys?.keys[0]?.kid]).toEqual([true, "one"]);
    expect(keys.problem).toMatch(new RegExp(`^Cannot read the keys at ${url}: .*${reason}`));
    expect(keys.problem).not.toContain("hush");
    await clock.advance(29_999);
    expect(await keys.refresh()).toBe(false);
    await clock.advance(1);
    state.answer = says(setOf("one"));
    expect([await keys.refresh(), keys.problem]).toEqual([true, undefined]);
  },
);
