import { beforeEach, expect, onTestFinished, test } from "vitest";
import { parseAnswer } from "../../../control/consul/answer.ts";
import { ConsulClient } from "../../../control/consul/client.ts";
import { systemClock } from "../../../proxy/base/clock.ts";
import { FakeConsul } from "../../support/fake-consul.ts";

const READ = { action: "read key a", path: "kv/a" };

let consul: FakeConsul;

beforeEach(async () => {
  consul = await FakeConsul.start();
  return () => consul[Symbol.asyncDispose]();
});

/** A client of the fake whose second takes 50 ms. */
function clientOf(): ConsulClient {
  const sleep = async (forMs: number, signal?: AbortSignal): Promise<void> =>
    systemClock.sleep(forMs / 20, signal);
  const client = new ConsulClient({ address: consul.address }, { ...systemClock, sleep });
  onTestFinished(() => client.close());
  return client;
}

test("parseAnswer() reads JSON, and says whose answer is none", () => {
  expect(parseAnswer("read web", "[1]")).toEqual([1]);
  expect(() => parseAnswer("read web", "")).toThrow("Cannot read web: Consul's answer is not JSON");
});

const PAGE = "<!DOCTYPE html>\n<html><head><title>No\n route</title></head><body>…</body></html>";

test("readAnswer() takes no gateway's 404 for a key that is gone", async () => {
  const client = clientOf();
  expect(await client.request(READ)).toMatchObject({ found: false });
  for (const html of [PAGE, "not found"]) {
    consul.fault = { kind: "page", status: 404, html };
    await expect(client.request(READ)).rejects.toMatchObject({ code: "consul_unreadable" });
    await expect(client.request(READ)).rejects.toThrow("the answer 404 is not Consul's");
  }
});

test.each([
  [502, "consul_failed", /Consul answered 502 \(an HTML page "No route", as of a proxy in between/],
  [200, "consul_unreadable", /is not JSON but an HTML page "No route", as of a proxy/],
])("readAnswer() says of a page with status %i that it is one", async (status, code, words) => {
  consul.fault = { kind: "page", status, html: PAGE };
  const asked = clientOf().json(READ);
  await expect(asked).rejects.toMatchObject({ code, message: expect.stringMatching(words) });
});

test("readAnswer() says where it is redirected to, and in the same words each time", async () => {
  const location = "https://consul.example/v1/kv/a?index=0&wait=42833ms";
  consul.fault = { kind: "page", status: 301, html: PAGE, location };
  await expect(clientOf().json(READ)).rejects.toMatchObject({
    code: "consul_refused",
    message:
      "Cannot read key a: Consul answered 301 " +
      "(a redirect to https://consul.example/v1/kv/a, which is not followed)",
  });
});

test("readAnswer() gives up an answer that comes byte by byte, for ever", async () => {
  consul.fault = { kind: "drip" };
  const asked = clientOf().request({ ...READ, wait: { index: 0, waitMs: 60_000 } });
  const message = "Cannot read key a: Consul's answer does not come to its end in time";
  await expect(asked).rejects.toMatchObject({ code: "consul_timeout", message });
});
