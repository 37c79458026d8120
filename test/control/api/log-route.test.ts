import { expect, test } from "vitest";
import { accessOf, bearer, newToken } from "../../support/api-tokens.ts";
import { fixedClock as clock } from "../../support/fixed-clock.ts";
import { startApi } from "../../support/running-api.ts";

async function put(url: string, level: string, headers: Record<string, string> = {}) {
  return fetch(`${url}/v1/log`, {
    method: "PUT",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ level }),
  });
}

test("PUT /v1/log sets the level, and GET says it", async () => {
  await using api = await startApi();
  const level = async (): Promise<unknown> => (await fetch(`${api.url}/v1/log`)).json();
  expect(await level()).toEqual({ level: "info" });
  expect(await (await put(api.url, "warn")).json()).toEqual({ level: "warn" });
  expect(await level()).toEqual({ level: "warn" });
  expect((await put(api.url, "loud")).status).toBe(422);
  expect(await level()).toEqual({ level: "warn" });
});

test("PUT /v1/log is for admins: a log that says less hides what somebody does", async () => {
  const ci = newToken("ci", { role: "shift" });
  await using api = await startApi({ access: await accessOf(clock, ci) });
  expect((await put(api.url, "error", bearer(ci.secret))).status).toBe(403);
});
