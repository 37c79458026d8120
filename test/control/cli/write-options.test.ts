import { Command } from "commander";
import { expect, test } from "vitest";
import { ANYBODY } from "../../../control/cli/api-access.ts";
import { readApiAddress } from "../../../control/cli/api-address.ts";
import { ApiClient } from "../../../control/cli/client.ts";
import {
  forceOptions,
  reasonOption,
  withWriteOptions,
  writeOptions,
  writeOptionsFrom,
} from "../../../control/cli/write-options.ts";
import { ok, startScriptedApi } from "../../support/scripted-api.ts";

test("withWriteOptions() adds --if-rev, --reason and --force", () => {
  const command = withWriteOptions(new Command()).exitOverride();
  command.parse(["--if-rev", "7", "--reason", "why", "--force"], { from: "user" });
  expect(command.opts()).toEqual({ ifRev: "7", reason: "why", force: true });
});

test.each([
  ["Errors are flat", "Errors are flat"],
  ["first\r\n\r\nthen\n", "first\n\nthen"],
  [" \n", undefined],
  [undefined, undefined],
])("reasonOption() takes %j for %j", (reason, taken) => {
  expect(reasonOption(reason === undefined ? {} : { reason })).toBe(taken);
});

test("forceOptions() takes no blank reason for one", () => {
  expect(() => forceOptions({ force: true, reason: " " })).toThrow(
    expect.objectContaining({ code: "usage" }),
  );
});

test("writeOptions() reads the revision first, so that a write in between is noticed", async () => {
  const api = await startScriptedApi({ "GET /v1/services/a%2Fb": ok({ revision: 7 }) });
  const client = new ApiClient(readApiAddress(api.url), ANYBODY);
  expect(await writeOptions(client, "a/b", {})).toEqual({ ifRevision: 7, reason: undefined });
  expect(api.asked).toHaveLength(1);
});

test("writeOptionsFrom() takes --if-rev at its word and reads nothing", async () => {
  const api = await startScriptedApi({});
  const client = new ApiClient(readApiAddress(api.url), ANYBODY);
  const options = { ifRev: "0", reason: "why" };
  expect(await writeOptionsFrom(client, "/v1/filters", options)).toEqual({
    ifRevision: 0,
    reason: "why",
  });
  expect(api.asked).toEqual([]);
});

test("writeOptionsFrom() passes --force on, but not without --reason", async () => {
  const client = new ApiClient(readApiAddress("http://127.0.0.1:1"), ANYBODY);
  const options = { ifRev: "0", force: true };
  expect(await writeOptionsFrom(client, "/v1", { ...options, reason: "why" })).toEqual({
    ifRevision: 0,
    reason: "why",
    force: true,
  });
  await expect(writeOptionsFrom(client, "/v1", options)).rejects.toMatchObject({ code: "usage" });
});

test.each(["", "-1", "1.5", "0x10", "9".repeat(16), "seven"])(
  "writeOptionsFrom() refuses --if-rev %j",
  async (ifRev) => {
    const client = new ApiClient(readApiAddress("http://127.0.0.1:1"), ANYBODY);
    await expect(writeOptionsFrom(client, "/v1/filters", { ifRev })).rejects.toMatchObject({
      code: "usage",
      message: `Cannot read --if-rev: wanted a whole number, found ${JSON.stringify(ifRev)}`,
    });
  },
);
