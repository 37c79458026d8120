import { expect, test } from "vitest";
import { CliError, configRefusal, EXIT, usageError } from "../../../control/cli/cli-error.ts";
import { ConfigError, ListenError } from "../../../control/base/errors.ts";

test("CliError fails a command with 1 and without problems unless it says more", () => {
  const error = new CliError("unreachable", "Cannot reach it");
  expect([error.name, error.exitCode, error.problems]).toEqual(["CliError", EXIT.failed, []]);
});

test("usageError() is exit status 2", () => {
  expect(usageError("Cannot read weight")).toMatchObject({ code: "usage", exitCode: EXIT.usage });
});

test("configRefusal() makes a bad file a matter of usage and keeps all of its problems", () => {
  const problems = [{ path: "listeners", wanted: "at least one listener", found: "none" }];
  const bad = new ConfigError("sluice.yaml", problems);
  expect(() => configRefusal(bad)).toThrow(
    expect.objectContaining({ code: "config_invalid", exitCode: EXIT.usage, problems, cause: bad }),
  );
});

test("configRefusal() throws everything else on as it is", () => {
  const other = new ListenError("127.0.0.1:80", "EACCES");
  expect(() => configRefusal(other)).toThrow(other);
});
