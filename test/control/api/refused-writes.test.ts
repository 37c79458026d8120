import type { FastifyRequest } from "fastify";
import { expect, test } from "vitest";
import { ForbiddenError } from "../../../control/api/auth/auth-errors.ts";
import { RefusedWrites } from "../../../control/api/refused-writes.ts";
import {
  ControlError,
  NotInForceError,
  RevisionConflictError,
  ValidationError,
} from "../../../control/base/errors.ts";
import { jsonLog } from "../../../proxy/base/log.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { startApi } from "../../support/running-api.ts";
import { REFUSED_CALL } from "./refused-call.ts";

type Bed = {
  readonly clock: ManualClock;
  readonly note: (error: unknown, request?: object) => void;
  readonly logged: () => readonly Record<string, unknown>[];
};

function newBed(): Bed {
  const clock = new ManualClock();
  const lines: string[] = [];
  const log = jsonLog(
    (line) => lines.push(line),
    () => 0,
  );
  const writes = new RefusedWrites({ log, clock });
  return {
    clock,
    note: (error, request = {}) =>
      writes.note(error, { ...REFUSED_CALL, ...request } as unknown as FastifyRequest),
    logged: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

test("RefusedWrites says who tried what, and why it was refused", () => {
  const { note, logged } = newBed();
  note(new RevisionConflictError(3, 7));
  expect(logged()).toEqual([
    {
      time: expect.any(String),
      level: "warn",
      event: "write.refused",
      actor: "token:ci",
      call: "PATCH /v1/services/:service/weights",
      peer: "10.0.0.9",
      service: "web",
      code: "revision_conflict",
      error: "Cannot write: wanted revision 3, found 7",
    },
  ]);
});

test("RefusedWrites is silent of reads, plans, other failures, and what RefusedCalls tells", () => {
  const { note, logged } = newBed();
  const conflict = new RevisionConflictError(3, 7);
  note(conflict, { method: "GET" });
  note(conflict, { method: "POST", routeOptions: { url: "/v1/services/:service/plan" } });
  note(new NotInForceError(7));
  note(new ControlError("unknown_path", 404, "Cannot find it"));
  note(new ForbiddenError("this", "that"));
  note(new Error("ours"));
  expect(logged()).toEqual([]);
});

test("RefusedWrites cuts long texts, and knows that some are refused before they say who", () => {
  const { note, logged } = newBed();
  const problems = Array.from({ length: 500 }, (_, at) => ({
    path: `versions.v${at}`,
    wanted: "a version",
    found: "nothing",
  }));
  note(new ValidationError("the body", problems), { principal: undefined, params: {} });
  const [line] = logged();
  expect(line).toMatchObject({ actor: "anonymous", code: "invalid" });
  expect(line).not.toHaveProperty("service");
  expect(line?.["error"]).toHaveLength(1_001);
});

test("RefusedWrites tells ten at once, then one in 10 s, with how many are left out", async () => {
  const { clock, note, logged } = newBed();
  const conflict = new RevisionConflictError(3, 7);
  for (let turn = 0; turn < 30; turn += 1) note(conflict);
  expect(logged()).toHaveLength(10);
  await clock.advance(10_000);
  note(conflict);
  expect(logged().map(({ untold }) => untold)).toEqual([...Array(10).fill(undefined), 20]);
});

test.each([
  ["PATCH", "/v1/services/web/weights", { "if-match": '"9"' }, '{"v1":1}', "revision_conflict"],
  ["PATCH", "/v1/services/web/weights", { "if-match": "*" }, '{"v9":1}', undefined],
  ["PUT", "/v1/services/x", { "if-match": "*" }, '{"versions":{}}', "invalid"],
  ["DELETE", "/v1/services/web", { origin: "https://x.example" }, undefined, "cross_origin"],
  ["POST", "/v1/services/web/plan", {}, '{"v1":"all"}', undefined],
])("the API's log says that %s %s with %j was refused", async (method, path, more, body, code) => {
  await using api = await startApi();
  const headers = { ...(body !== undefined && { "content-type": "application/json" }), ...more };
  const answer = await fetch(api.url + path, { method, headers, ...(body && { body }) });
  expect(answer.ok).toBe(false);
  const told = api.logged
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ event }) => event === "write.refused");
  expect(told.map((each) => each["code"])).toEqual(code === undefined ? [] : [code]);
});
