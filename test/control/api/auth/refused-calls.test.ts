import type { FastifyRequest } from "fastify";
import { expect, test } from "vitest";
import {
  ForbiddenError,
  TooManyAttemptsError,
  UnauthenticatedError,
} from "../../../../control/api/auth/auth-errors.ts";
import { RefusedCalls } from "../../../../control/api/auth/refused-calls.ts";
import { Audit } from "../../../../control/records/audit.ts";
import { UnknownServiceError } from "../../../../control/base/errors.ts";
import { jsonLog } from "../../../../proxy/base/log.ts";
import { eventually } from "../../../support/eventually.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { REFUSED_CALL } from "../refused-call.ts";

const REQUEST = REFUSED_CALL as unknown as FastifyRequest;

type Bed = {
  readonly refusals: RefusedCalls;
  readonly clock: ManualClock;
  readonly audit: Audit;
  readonly logged: string[];
};

async function newRefusals(): Promise<Bed> {
  const clock = new ManualClock();
  const audit = await Audit.open({ clock });
  const logged: string[] = [];
  const log = jsonLog(
    (line) => logged.push(line),
    () => 0,
  );
  return {
    refusals: new RefusedCalls({ clock, audit, log, revision: () => 7 }),
    clock,
    audit,
    logged,
  };
}

test("RefusedCalls counts each kind, and nothing that has to do with something else", async () => {
  const { refusals } = await newRefusals();
  refusals.admit();
  for (const flaw of ["missing", "wrong", "wrong", "expired"] as const) {
    refusals.note(new UnauthenticatedError(flaw, "something"), REQUEST);
  }
  refusals.note(new TooManyAttemptsError(30), REQUEST);
  refusals.note(new ForbiddenError("this", "that"), REQUEST);
  refusals.note(new UnknownServiceError("web"), REQUEST);
  expect(Object.fromEntries(refusals.counts)).toEqual({
    admitted: 1,
    missing: 1,
    wrong: 2,
    expired: 1,
    throttled: 1,
    forbidden: 1,
  });
});

test("RefusedCalls writes down who was refused what, and from where", async () => {
  const { refusals, audit, logged } = await newRefusals();
  refusals.note(new ForbiddenError("role write", "role shift of token:ci"), REQUEST);
  refusals.note(new UnauthenticatedError("expired", "it", "token:old"), REQUEST);
  refusals.note(new UnauthenticatedError("wrong", "it"), { ...REQUEST, params: {} });
  const call = { call: "PATCH /v1/services/:service/weights", peer: "10.0.0.9" };
  const fact = { action: "refused", service: "web", revision: 7 };
  await eventually(async () => expect(await audit.list({ limit: 10 })).toHaveLength(3));
  expect(await audit.list({ limit: 10 })).toMatchObject([
    { ...fact, actor: "token:ci", after: { ...call, outcome: "forbidden" } },
    { ...fact, actor: "token:old", after: { ...call, outcome: "expired" } },
    { ...fact, service: "", actor: "anonymous", after: { ...call, outcome: "wrong" } },
  ]);
  expect(JSON.parse(logged[0] ?? "")).toMatchObject({
    event: "api.refused",
    actor: "token:ci",
    ...call,
    error: "Cannot do this: wanted role write, found role shift of token:ci",
  });
});

test("RefusedCalls that never end are counted whole, but written down once a minute", async () => {
  const { refusals, clock, audit, logged } = await newRefusals();
  const again = (times: number): void => {
    for (let count = 0; count < times; count += 1) {
      refusals.note(new UnauthenticatedError("wrong", "it"), REQUEST);
    }
  };
  again(1_000);
  expect([logged.length, refusals.counts.get("wrong")]).toEqual([10, 1_000]);
  await clock.advance(60_000);
  again(5);
  expect(logged).toHaveLength(11);
  const last = [{ after: { untold: 990 } }];
  await eventually(async () => expect(await audit.list({ limit: 1 })).toMatchObject(last));
  await clock.advance(3_600_000);
  again(100);
  expect(logged).toHaveLength(21);
});
