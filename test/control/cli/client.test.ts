import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { readApiAddress } from "../../../control/cli/api-address.ts";
import { ApiClient, servicePath } from "../../../control/cli/client.ts";
import { runCommand } from "../../support/run-cli.ts";
import { startApi } from "../../support/running-api.ts";
import { ok, refused, startScriptedApi } from "../../support/scripted-api.ts";

function clientOf(url: string, token?: string): ApiClient {
  const access = { token: token === undefined ? undefined : { text: token, from: "--token" } };
  return new ApiClient(readApiAddress(url), { ...access, tls: undefined });
}

test("ApiClient sends body, revision, reason and token", async () => {
  const api = await startScriptedApi({ "PUT /v1/x": ok({ done: true }), "GET /v1/x": ok(1) });
  const client = clientOf(`${api.url}//`, "s3cret");
  const options = { body: { a: null }, ifRevision: 0, reason: "Grüße ✓" };
  expect(await client.send("PUT", "/v1/x", options)).toEqual({ done: true });
  expect(await clientOf(api.url).get("/v1/x")).toBe(1);
  expect(api.asked).toEqual([
    {
      call: "PUT /v1/x",
      body: { a: null },
      ifMatch: '"0"',
      reason: "UTF-8''Grüße ✓",
      authorization: "Bearer s3cret",
    },
    { call: "GET /v1/x" },
  ]);
});

test.each([
  [
    412,
    "revision_conflict",
    "; somebody else has written meanwhile: look at it again, then repeat",
  ],
  [404, "unknown_service", "; `sluice services` lists them"],
  [404, "unknown_filter", "; `sluice filters` lists them"],
  [503, "not_in_force", "; `sluice status` shows when it is"],
  [503, "busy", "; try again"],
  [409, "swap_refused", ""],
  [404, "constructor", ""],
])("ApiClient says what to do about %d %s", async (status, code, advice) => {
  const api = await startScriptedApi({ "GET /v1/x": refused(status, code, "Cannot do it") });
  await expect(clientOf(api.url).get("/v1/x")).rejects.toMatchObject({
    code,
    message: `Cannot do it${advice}`,
    exitCode: 1,
    problems: [],
  });
});

test("ApiClient hands on every problem of a document", async () => {
  const problems = [{ path: "v1", wanted: "a whole number", found: '"x"' }];
  const body = { code: "invalid", detail: "Cannot read the body", problems };
  const api = await startScriptedApi({ "GET /v1/x": { status: 422, body } });
  await expect(clientOf(api.url).get("/v1/x")).rejects.toMatchObject({ code: "invalid", problems });
});

test.each([[{}], [null], ["[]"]])(
  "ApiClient names the status of a refusal %j that says nothing",
  async (body) => {
    const api = await startScriptedApi({ "GET /v1/x": { status: 502, body } });
    await expect(clientOf(api.url).get("/v1/x")).rejects.toMatchObject({
      code: "http_502",
      message: "Cannot do that: the API answered 502",
    });
  },
);

test("ApiClient.probe() takes 503 for an answer, and no other refusal", async () => {
  const api = await startScriptedApi({
    "GET /readyz": { status: 503, body: { ready: false } },
    "GET /livez": refused(421, "misdirected_request", "Cannot answer"),
  });
  expect(await clientOf(api.url).probe("/readyz")).toEqual({ ready: false });
  await expect(clientOf(api.url).probe("/livez")).rejects.toMatchObject({
    code: "misdirected_request",
  });
});

test("ApiClient asks whether that is the control API when the answer is no JSON", async () => {
  const api = await startScriptedApi({ "GET /v1/x": ok("<html>It works!</html>") });
  await expect(clientOf(api.url).get("/v1/x")).rejects.toMatchObject({
    code: "bad_answer",
    message: `Cannot read the answer of ${api.url}: it is no JSON; is that the control API?`,
  });
});

test("ApiClient says that nothing listens, and what to do", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await server[Symbol.asyncDispose]();
  await expect(clientOf(url).get("/v1/x")).rejects.toMatchObject({
    code: "unreachable",
    message: expect.stringMatching(
      /^Cannot reach the control API at http:.+: ECONNREFUSED.*`sluice run` running.*SLUICE_API$/,
    ),
  });
});

test("servicePath() escapes each part", () => {
  expect(servicePath()).toBe("/v1/services");
  expect(servicePath("a/b", "versions", "v 1")).toBe("/v1/services/a%2Fb/versions/v%201");
});

test.each([
  ["plain words", "plain words: 100% (really)!"],
  ["other characters", "Grüße ✓ 你好"],
  ["the message of a commit", "Shift to v2\n\nErrors are flat,\n\tlatency too.\n"],
  ["what looks like an escape", "utf-8''50%"],
])("a reason of %s arrives at the API as it was given", async (_name, reason) => {
  await using api = await startApi();
  const shift = ["shift", "web", "v2=20", "--reason", reason];
  expect((await runCommand(shift, { SLUICE_API: api.url })).status).toBe(0);
  const answer = await fetch(`${api.url}/v1/audit?limit=1`);
  const { entries } = (await answer.json()) as { entries: readonly { readonly reason: string }[] };
  expect(entries.map((entry) => entry.reason)).toEqual([reason.trim()]);
});
