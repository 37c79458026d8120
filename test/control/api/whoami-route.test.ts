import { expect, test } from "vitest";
import { accessOf, bearer, newToken } from "../../support/api-tokens.ts";
import { fixedClock as clock } from "../../support/fixed-clock.ts";
import { startApi } from "../../support/running-api.ts";

test("GET /v1/whoami says who the caller is and what they may do", async () => {
  const ci = newToken("ci", { role: "shift", services: ["web"] });
  const ops = newToken("ops", { role: "admin" });
  await using api = await startApi({ access: await accessOf(clock, ci, ops) });
  const who = async (secret: string): Promise<unknown> =>
    (await fetch(`${api.url}/v1/whoami`, { headers: bearer(secret) })).json();
  expect(await who(ci.secret)).toEqual({ actor: "token:ci", role: "shift", services: ["web"] });
  expect(await who(ops.secret)).toEqual({ actor: "token:ops", role: "admin" });
});
