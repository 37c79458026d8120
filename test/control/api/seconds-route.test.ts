import { expect, test } from "vitest";
import type { ObservationQuestion } from "../../../proxy/metrics/second-counts.ts";
import { NOTHING_COUNTED } from "../../../proxy/metrics/second-counters.ts";
import { startApi, WEB } from "../../support/running-api.ts";

const { v1, v2 } = WEB.versions;
const READY = { ...WEB, versions: { v1: { ...v1, weight: 100 }, v2: { ...v2, weight: 0 } } };
const SECONDS = {
  sinceS: 5,
  untilS: 6,
  seconds: [{ second: 5, versions: [NOTHING_COUNTED, { ...NOTHING_COUNTED, requests: 2 }] }],
};

test("GET /v1/rollouts/{id}/seconds tells them of a rollout that is under way", async () => {
  const asked: ObservationQuestion[] = [];
  const ownSeconds = (question: ObservationQuestion): Promise<typeof SECONDS> => {
    asked.push(question);
    return Promise.resolve(SECONDS);
  };
  await using api = await startApi({ initial: { web: READY }, ownSeconds });
  const call = async (method: string, path: string, body?: object): Promise<unknown[]> => {
    const headers = { "if-match": "*", ...(body && { "content-type": "application/json" }) };
    const init = { method, headers, ...(body && { body: JSON.stringify(body) }) };
    const answer = await fetch(`${api.url}/v1/rollouts${path}`, init);
    return [answer.status, await answer.json()];
  };
  const read = (query = ""): Promise<unknown[]> => call("GET", `/web/seconds${query}`);
  expect(await read()).toMatchObject([404, { code: "unknown_rollout" }]);
  await call("POST", "", { service: "web", to: "v2" });
  expect(await read("?after=4")).toEqual([200, { versions: ["v1", "v2"], ...SECONDS }]);
  expect(asked).toEqual([{ service: "web", versions: ["v1", "v2"], afterS: 4 }]);
  expect((await read("?after=-1"))[0]).toBe(422);
  await call("POST", "/web/abort");
  const detail = expect.stringContaining("wanted one under way, found aborted");
  expect(await read()).toMatchObject([409, { code: "rollout_phase", detail }]);
  expect(asked).toHaveLength(1);
});
