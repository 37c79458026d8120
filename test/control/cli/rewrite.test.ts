import { expect, test } from "vitest";
import { runCommand } from "../../support/run-cli.ts";
import { ok, startScriptedApi } from "../../support/scripted-api.ts";

test.each([
  [[], "POST /v1/store/rewrite", true, "Revision 7 is in Consul again, signed"],
  [
    ["--unsigned"],
    "POST /v1/store/rewrite?signed=false",
    false,
    "Revision 7 is in Consul again, without a signature",
  ],
])("sluice rewrite %j asks for it, and says what is there now", async (...row) => {
  const [more, call, signed, text] = row;
  const api = await startScriptedApi({ [call]: ok({ revision: 7, signed }) });
  const args = ["rewrite", ...more, "--reason", "somebody has been there"];
  const { status, out } = await runCommand(args, { SLUICE_API: api.url });
  expect([status, out]).toEqual([0, text]);
  expect(api.asked).toMatchObject([{ call, reason: "somebody has been there" }]);
});
