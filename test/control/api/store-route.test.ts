import { expect, test } from "vitest";
import { NoSigningKeyError } from "../../../control/base/errors.ts";
import { startApi } from "../../support/running-api.ts";
import type { RunningApi } from "../../support/running-api.ts";

const REASON = { "x-sluice-reason": "somebody has been there" };

/** An API of a shared table; `asked`: how it was to be written. */
async function shared(asked: boolean[], fails?: Error): Promise<RunningApi> {
  const rewrite = async (isSigned: boolean): Promise<{ revision: number; isSigned: boolean }> => {
    asked.push(isSigned);
    if (fails !== undefined) throw fails;
    return { revision: 7, isSigned };
  };
  const store = { refusals: new Map(), rewrite };
  const view = { auditProblem: undefined, acceptAudit: async () => false, store };
  const registry = { stale: [], stalenessMs: () => 0, fleet: undefined, shared: view };
  return startApi({ registry });
}

async function ask(api: RunningApi, query = ""): Promise<readonly [number, unknown]> {
  const url = `${api.url}/v1/store/rewrite${query}`;
  const answer = await fetch(url, { method: "POST", headers: REASON });
  return [answer.status, await answer.json()];
}

test("POST store/rewrite writes the table again, and the audit log says who and why", async () => {
  const asked: boolean[] = [];
  await using api = await shared(asked);
  expect(await ask(api)).toEqual([200, { revision: 7, signed: true }]);
  expect(await ask(api, "?signed=false")).toEqual([200, { revision: 7, signed: false }]);
  expect(asked).toEqual([true, false]);
  const audit = await (await fetch(`${api.url}/v1/audit`)).json();
  const entry = { action: "rewrite", actor: "local", reason: REASON["x-sluice-reason"] };
  expect(audit).toMatchObject({
    entries: [
      { ...entry, revision: 7, after: { signed: true } },
      { ...entry, revision: 7, after: { signed: false } },
    ],
  });
});

test("POST store/rewrite says why it cannot, and writes no audit entry of it", async () => {
  await using api = await shared([], new NoSigningKeyError());
  expect(await ask(api)).toMatchObject([409, { code: "no_signing_key" }]);
  expect(await (await fetch(`${api.url}/v1/audit`)).json()).toEqual({ entries: [] });
});

test("POST store/rewrite is 404 where no table is shared", async () => {
  await using api = await startApi();
  expect(await ask(api)).toMatchObject([404, { code: "no_fleet" }]);
  expect(await ask(api, "?signed=maybe")).toMatchObject([422, { code: "invalid" }]);
});
