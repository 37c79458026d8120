import { expect, test } from "vitest";
import { editorSchema } from "../../../control/config/editor-schema.ts";
import { runCommand } from "../../support/run-cli.ts";

test("sluice schema prints the schema, and nothing else", async () => {
  const { status, out, error } = await runCommand(["schema"]);
  expect([status, error]).toEqual([0, ""]);
  expect(JSON.parse(out)).toEqual(JSON.parse(JSON.stringify(editorSchema())));
});
