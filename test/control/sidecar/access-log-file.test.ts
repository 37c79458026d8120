import { stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openedAccessLog, reopenAccessLog } from "../../../control/sidecar/access-log-file.ts";
import { accessLogSchema } from "../../../control/config/access-log-schema.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

test("openedAccessLog() makes the file beside the configuration", async () => {
  const folder = await temporaryFolder();
  const accessLog = accessLogSchema.parse({ path: "access.log" });
  const spec = await openedAccessLog({ accessLog }, join(folder, "sluice.yaml"));
  expect(spec?.path).toBe(join(folder, "access.log"));
  expect((await stat(join(folder, "access.log"))).mode & 0o777).toBe(0o640 & ~process.umask());
});

test("openedAccessLog() says at once that the folder is not there", async () => {
  const folder = await temporaryFolder();
  const accessLog = accessLogSchema.parse({ path: "logs/access.log" });
  await expect(openedAccessLog({ accessLog }, join(folder, "sluice.yaml"))).rejects.toThrow(
    /accessLog\.path: wanted a file that can be appended to, .*ENOENT/,
  );
});

test("openedAccessLog() has nothing to open for standard output, or without a log", async () => {
  const accessLog = accessLogSchema.parse({});
  expect(await openedAccessLog({ accessLog: undefined }, "/none/sluice.yaml")).toBeUndefined();
  expect(await openedAccessLog({ accessLog }, "/none/sluice.yaml")).toMatchObject({
    path: undefined,
  });
});

test("reopenAccessLog() tells of the file again, if it can be opened", async () => {
  const told: unknown[] = [];
  const tellAccessLog = async (spec: unknown): Promise<void> => void told.push(spec);
  const configPath = join(await temporaryFolder(), "sluice.yaml");
  const accessLog = accessLogSchema.parse({ path: "access.log" });
  await reopenAccessLog({ accessLog }, { configPath, tellAccessLog });
  expect(told).toMatchObject([{ path: join(configPath, "..", "access.log") }]);
  const none = accessLogSchema.parse({ path: "none/access.log" });
  await reopenAccessLog({ accessLog: none }, { configPath, tellAccessLog });
  expect(told).toHaveLength(1);
});
