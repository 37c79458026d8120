import { expect, test } from "vitest";
import type { Access } from "../../../../control/api/auth/access.ts";
import type { Principal } from "../../../../control/api/auth/principal.ts";
import { startApi } from "../../../support/running-api.ts";

/** Whoever comes is this one. */
function always(principal: Partial<Principal>): Access {
  const who: Principal = {
    actor: "token:ci",
    role: "read",
    services: undefined,
    stands: () => true,
    ...principal,
  };
  return { identify: async () => who };
}

const JSON_TYPE = { "content-type": "application/json", "if-match": "*" };

test("A call whose caller may not make it is refused before its body is read", async () => {
  await using api = await startApi({ access: always({}) });
  const response = await fetch(`${api.url}/v1/services/web/weights`, {
    method: "PATCH",
    headers: JSON_TYPE,
    body: "{",
  });
  expect([response.status, await response.json()]).toMatchObject([
    403,
    { code: "forbidden", detail: expect.stringContaining("wanted role shift") },
  ]);
  expect((await fetch(`${api.url}/v1/services/web`)).status).toBe(200);
});

test("A write is judged by what it changes, and its actor is whoever asked", async () => {
  const access = always({ role: "shift", services: ["web"] });
  await using api = await startApi({ access });
  const undo = { method: "POST", headers: { "if-match": "*" } };
  const shift = { method: "PATCH", headers: JSON_TYPE, body: '{"v1": 1, "v2": 1}' };
  expect((await fetch(`${api.url}/v1/services/web/weights`, shift)).status).toBe(200);
  expect((await fetch(`${api.url}/v1/services/web/undo`, undo)).status).toBe(200);
  const admin = { actor: "test", reason: undefined, ifMatch: "*" } as const;
  const web = api.services.document("web");
  await api.services.put("web", { ...web, timeout: "5s" }, admin);
  expect((await fetch(`${api.url}/v1/services/web/undo`, undo)).status).toBe(403);
  const answer = await fetch(`${api.url}/v1/audit`);
  const { entries } = (await answer.json()) as { readonly entries: readonly object[] };
  expect(entries).toMatchObject([
    { actor: "token:ci", action: "shift" },
    { actor: "token:ci", action: "undo" },
    { actor: "test", action: "put" },
  ]);
});
