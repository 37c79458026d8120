import { expect, test } from "vitest";
import type { ServiceDocument } from "../../../control/config/service-schema.ts";
import { accessOf, bearer, newToken } from "../../support/api-tokens.ts";
import type { TestToken } from "../../support/api-tokens.ts";
import { fixedClock } from "../../support/fixed-clock.ts";
import { startApi } from "../../support/running-api.ts";
import type { RunningApi } from "../../support/running-api.ts";

/*
 * Goal: secrets of a service are seen by those only who may replace it. Method: an API with tokens
 * of all roles, and secrets wherever a service may have one.
 */

const SECRET = "hunter2";
const versions = { v1: { weight: 1, endpoints: ["10.0.0.5:3000"] } };
const ROUTED: ServiceDocument = {
  hosts: ["routed.test"],
  versions,
  routes: [{ match: { headers: { "x-key": SECRET } }, to: "v1" }],
};
const FILTERED: ServiceDocument = {
  hosts: ["filtered.test"],
  versions,
  filters: [{ module: "./a.ts", options: { key: SECRET, other: "${KEY:-}" } }],
};

const tokens = {
  read: newToken("read"),
  shift: newToken("shift", { role: "shift" }),
  write: newToken("write", { role: "write" }),
  elsewhere: newToken("elsewhere", { role: "admin", services: ["web"] }),
  admin: newToken("admin", { role: "admin" }),
};

async function start(): Promise<RunningApi> {
  const access = await accessOf(fixedClock, ...Object.values(tokens));
  return startApi({ access, initial: { routed: ROUTED, filtered: FILTERED } });
}

async function textFor(api: RunningApi, token: TestToken, path: string): Promise<string> {
  const answer = await fetch(api.url + path, { headers: bearer(token.secret) });
  expect(answer.status).toBe(200);
  return answer.text();
}

test.each([
  ["routed", ["write", "admin"]],
  ["filtered", ["admin"]],
])("GET /v1/services/%s shows secrets to %j only", async (service, allowed) => {
  await using api = await start();
  for (const [name, token] of Object.entries(tokens)) {
    const text = await textFor(api, token, `/v1/services/${service}`);
    const isAllowed = allowed.includes(name);
    expect([name, text.includes(SECRET), text.includes('"redacted":true')]).toEqual([
      name,
      isAllowed,
      !isAllowed,
    ]);
    if (service === "filtered") expect(text).toContain("${KEY:-}");
  }
});

test("GET /v1/audit shows secrets of the past to admins of the service only", async () => {
  await using api = await start();
  const context = { actor: "test", reason: undefined, ifMatch: "*" } as const;
  await api.services.remove("filtered", context);
  await api.services.put("routed", { ...ROUTED, timeout: "5s", routes: [] }, context);
  for (const [name, token] of Object.entries(tokens)) {
    const text = await textFor(api, token, "/v1/audit");
    expect([name, text.includes(SECRET)]).toEqual([name, name === "admin"]);
    const { entries } = JSON.parse(text) as { entries: { redacted?: true; before: object }[] };
    expect(entries.map(({ redacted }) => redacted === true)).toEqual(
      name === "admin" ? [false, false] : [true, true],
    );
  }
});

test("No other answer shows a secret, nor do the events and the log", async () => {
  await using api = await start();
  const context = { actor: "test", reason: undefined, ifMatch: "*" } as const;
  const other = {
    ...ROUTED,
    routes: [{ match: { headers: { "x-key": `${SECRET}2` } }, to: "v1" }],
  };
  await api.services.put("routed", other, context);
  await api.services.put("filtered", { ...FILTERED, timeout: "5s" }, context);
  for (const path of ["/v1/services", "/v1/filters", "/readyz", "/metrics"]) {
    expect(await textFor(api, tokens.admin, path)).not.toContain(SECRET);
  }
  const headers = { ...bearer(tokens.admin.secret), "last-event-id": "0" };
  const events = await (await fetch(`${api.url}/v1/events?follow=false`, { headers })).text();
  expect(events).toContain('"services":["routed"]');
  expect(events + api.logged.join("")).not.toContain(SECRET);
});

test("What was read with hidden values cannot be written back", async () => {
  await using api = await start();
  const read = await textFor(api, tokens.read, "/v1/services/filtered");
  const { document } = JSON.parse(read) as { readonly document: object };
  const json = { "content-type": "application/json", "if-match": "*" };
  const headers = { ...json, ...bearer(tokens.admin.secret) };
  const put = await fetch(`${api.url}/v1/services/filtered`, {
    method: "PUT",
    headers,
    body: JSON.stringify(document),
  });
  expect(await put.json()).toMatchObject({ status: 422, path: "filters[0].options.key" });
  const edit = await fetch(`${api.url}/v1/filters/a`, {
    method: "PUT",
    headers,
    body: JSON.stringify({ options: { key: "(hidden)" } }),
  });
  expect(await edit.json()).toMatchObject({ status: 422, path: "options.key" });
  expect(api.services.document("filtered")).toEqual(FILTERED);
});
