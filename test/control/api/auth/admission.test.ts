import { expect, test } from "vitest";
import type { Access } from "../../../../control/api/auth/access.ts";
import type { Principal } from "../../../../control/api/auth/principal.ts";
import { accessOf, bearer, newToken } from "../../../support/api-tokens.ts";
import { fixedClock } from "../../../support/fixed-clock.ts";
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
  return { identify: async () => who, problems: [] };
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
    { actor: "token:ci", action: "refused" },
  ]);
});

const ci = newToken("ci", { role: "shift", services: ["web"] });

test("Without a credential everything but the health questions is 401, paths or not", async () => {
  await using api = await startApi({ access: await accessOf(fixedClock, ci) });
  const answers = ["/v1/services", "/v1/nothing", "/metrics"].map((path) => fetch(api.url + path));
  for (const answer of [...answers, fetch(`${api.url}/v1/services`, { method: "POST" })]) {
    const { status, headers } = await answer;
    expect([status, headers.get("www-authenticate")]).toEqual([401, 'Bearer realm="sluice"']);
  }
  expect(await (await fetch(`${api.url}/livez`)).json()).toEqual({ live: true });
  // What is not well has names in it.
  expect(await (await fetch(`${api.url}/readyz`)).json()).toEqual({ ready: true, reasons: [] });
  const full = await fetch(`${api.url}/readyz`, { headers: bearer(ci.secret) });
  expect(await full.json()).toEqual({ ready: true, reasons: [], problems: [], stale: [] });
});

test("Wrong credentials are 401, then 429 with Retry-After; a right one is let in", async () => {
  const old = newToken("old", { expiresMs: 0 });
  await using api = await startApi({ access: await accessOf(fixedClock, ci, old) });
  const call = (secret: string, path = "/livez"): Promise<Response> =>
    fetch(api.url + path, { headers: bearer(secret) });
  const first = await call(old.secret);
  expect(await first.json()).toMatchObject({ status: 401, code: "unauthenticated" });
  expect(first.headers.get("www-authenticate")).toBe(
    'Bearer realm="sluice", error="invalid_token"',
  );
  for (let count = 0; count < 9; count += 1) expect((await call("x")).status).toBe(401);
  const last = await call("x");
  expect(await last.json()).toMatchObject({ status: 429, code: "too_many_attempts" });
  expect(last.headers.get("retry-after")).toBe("60");
  expect((await call(ci.secret, "/v1/services")).status).toBe(200);
  const metrics = await (await call(ci.secret, "/metrics")).text();
  expect(metrics.match(/^sluice_api_auth_total\{.*$/gm)).toEqual([
    'sluice_api_auth_total{outcome="admitted"} 2',
    'sluice_api_auth_total{outcome="missing"} 0',
    'sluice_api_auth_total{outcome="wrong"} 9',
    'sluice_api_auth_total{outcome="expired"} 1',
    'sluice_api_auth_total{outcome="throttled"} 1',
    'sluice_api_auth_total{outcome="forbidden"} 0',
  ]);
});

test("Who may write may not touch services with filters or Unix sockets", async () => {
  const writer = newToken("writer", { role: "write" });
  const versions = { v1: { endpoints: ["10.0.0.5:3000"] } };
  const filtered = { hosts: ["f.test"], versions, filters: [{ module: "./a.ts" }] };
  const initial = { plain: { hosts: ["p.test"], versions }, filtered };
  await using api = await startApi({ access: await accessOf(fixedClock, writer), initial });
  const call = async (method: string, name: string, body?: object): Promise<number> => {
    const headers = { ...JSON_TYPE, ...bearer(writer.secret) };
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const shown = body === undefined ? { ...bearer(writer.secret), "if-match": "*" } : headers;
    const options = { method, headers: shown, ...sent };
    return (await fetch(`${api.url}/v1/services/${name}`, options)).status;
  };
  expect(await call("PUT", "plain", { hosts: ["p.test"], versions, timeout: "5s" })).toBe(200);
  expect(await call("PUT", "new", { hosts: ["n.test"], versions })).toBe(201);
  expect(await call("PUT", "plain", { ...filtered, hosts: ["p.test"] })).toBe(403);
  expect(await call("PUT", "filtered", { hosts: ["f.test"], versions })).toBe(403);
  expect(await call("DELETE", "filtered")).toBe(403);
  const socket = { v1: { endpoints: ["unix:/run/docker.sock"] } };
  expect(await call("PUT", "plain", { hosts: ["p.test"], versions: socket })).toBe(403);
  expect(await call("DELETE", "new")).toBe(200);
  expect(api.services.document("filtered")).toEqual(filtered);
});

test("An event stream ends with the credential that opened it", async () => {
  const reader = newToken("reader");
  const access = await accessOf(fixedClock, reader, ci);
  await using api = await startApi({ access });
  const stream = await fetch(`${api.url}/v1/events`, { headers: bearer(reader.secret) });
  const told = stream.text();
  api.events.emit({ kind: "store", problem: "first" });
  const others = { tokens: [ci.entry], tokenFile: undefined, certs: [] };
  const revoke = await access.prepare(others);
  revoke();
  api.events.emit({ kind: "store", problem: "second" });
  expect(await told).toContain('"problem":"first"');
  expect(await told).not.toContain("second");
});
