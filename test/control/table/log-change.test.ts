import { expect, test } from "vitest";
import { logChange } from "../../../control/table/log-change.ts";
import type { LogFields } from "../../../proxy/base/log.ts";
import { ANY, started, web } from "../../support/started-services.ts";

test("logChange() says all of a change in one line", async () => {
  const { services } = await started({ web });
  const edit = (): ReadonlyMap<string, undefined> => new Map([["web", undefined]]);
  const write = { action: "remove", context: { ...ANY, force: true }, edit };
  const written = await services.preview(write);
  const lines: [string, LogFields | undefined][] = [];
  const ignore = (): void => undefined;
  const log = { info: (...line: [string, LogFields?]) => void lines.push(line as never) };
  logChange({ warn: ignore, error: ignore, ...log }, write, written, { sequence: 8, hash: "ab" });
  expect(lines).toEqual([
    [
      "table.changed",
      {
        revision: 2,
        action: "remove",
        actor: "local",
        reason: "a test",
        forced: true,
        changes: expect.stringContaining("web"),
        warnings: undefined,
        audit: "8:ab",
      },
    ],
  ]);
});
