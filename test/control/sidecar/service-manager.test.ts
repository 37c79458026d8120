import { readFile, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { expect, test } from "vitest";
import { ServiceManager, toldReload } from "../../../control/sidecar/service-manager.ts";
import { workerEnvironment } from "../../../control/workers/worker-environment.ts";
import { eventually } from "../../support/eventually.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

/*
 * What stands for `systemd-notify` here notes what it is told and what it knows of us;
 * test/foreign/systemd.foreign.ts has the real one.
 */

type Bed = {
  readonly manager: ServiceManager;
  readonly warned: readonly string[];
  /** A line for each time that the program has run. */
  readonly told: () => Promise<readonly string[]>;
};

async function bed(status: number, more: NodeJS.ProcessEnv = {}): Promise<Bed> {
  const folder = await temporaryFolder();
  const notes = join(folder, "notes");
  await writeFile(notes, "");
  const script = `#!/bin/sh\necho "$*" "$NOTIFY_SOCKET$SECRET" >> ${notes}\nexit ${status}\n`;
  await writeFile(join(folder, "systemd-notify"), script, { mode: 0o755 });
  const path = [folder, process.env["PATH"] ?? ""].join(delimiter);
  const warned: string[] = [];
  const ignore = (): void => undefined;
  const log = { info: ignore, error: ignore, warn: (event: string) => void warned.push(event) };
  const env = { PATH: path, NOTIFY_SOCKET: "/run/n", SECRET: "s", ...more };
  const manager = ServiceManager.of(env, log);
  if (manager === undefined) throw new Error("Cannot test: no manager");
  const told = async (): Promise<readonly string[]> =>
    (await readFile(notes, "utf8")).split("\n").slice(0, -1);
  return { manager, warned, told };
}

test("Without NOTIFY_SOCKET nobody is told", () => {
  const ignore = (): void => undefined;
  const log = { info: ignore, warn: ignore, error: ignore };
  expect(ServiceManager.of({}, log)).toBeUndefined();
  expect(ServiceManager.of({ NOTIFY_SOCKET: "" }, log)).toBeUndefined();
});

test("News are told one after the other, by a program that learns nothing else", async () => {
  const { manager, told } = await bed(0);
  const before = process.hrtime.bigint() / 1_000n;
  const all = [
    manager.ready(),
    manager.reloading(),
    manager.ready(),
    manager.follow(4711),
    manager.stopping(5_000),
  ];
  expect(manager.isReached).toBe(false);
  expect(await Promise.all(all)).toEqual([true, true, true, true, true]);
  expect(manager.isReached).toBe(true);
  const lines = await told();
  expect(lines).toEqual([
    "READY=1 /run/n",
    expect.stringMatching(/^RELOADING=1 MONOTONIC_USEC=\d+ \/run\/n$/),
    "READY=1 /run/n",
    "MAINPID=4711 /run/n",
    "STOPPING=1 EXTEND_TIMEOUT_USEC=15000000 /run/n",
  ]);
  const [, at = ""] = /USEC=(\d+)/.exec(lines[1] ?? "") ?? [];
  expect(BigInt(at)).toBeGreaterThanOrEqual(before);
});

test("News that do not arrive are logged, and others are told all the same", async () => {
  const { manager, told, warned } = await bed(1);
  expect(await Promise.all([manager.ready(), manager.follow(1)])).toEqual([false, false]);
  expect(await told()).toHaveLength(2);
  expect(warned).toEqual(["notify.failed", "notify.failed"]);
  expect(manager.isReached).toBe(false);
});

test("toldReload() tells of the end of a reload that fails, too", async () => {
  const { manager, told } = await bed(0);
  const reload = toldReload(manager, () => Promise.reject(new Error("no file")));
  await expect(reload).rejects.toThrow("no file");
  await eventually(async () =>
    expect(await told()).toEqual([expect.stringMatching(/^RELOADING=1/), "READY=1 /run/n"]),
  );
  expect(await toldReload(undefined, () => Promise.resolve(5))).toBe(5);
});

test("A watchdog gets signs of life, unless it watches another process", async () => {
  const own = await bed(0, { WATCHDOG_USEC: "20000", WATCHDOG_PID: String(process.pid) });
  const other = await bed(0, { WATCHDOG_USEC: "20000", WATCHDOG_PID: "1" });
  const none = await bed(0);
  for (const { manager } of [own, other, none]) manager.watch();
  await eventually(async () => expect((await own.told()).length).toBeGreaterThan(2));
  expect(new Set(await own.told())).toEqual(new Set(["WATCHDOG=1 /run/n"]));
  expect([await other.told(), await none.told()]).toEqual([[], []]);
  own.manager.close();
});

test("Workers learn nothing of it", () => {
  const env = { NOTIFY_SOCKET: "/run/n", WATCHDOG_USEC: "1", WATCHDOG_PID: "1" };
  const names = Object.keys(workerEnvironment(env, "test"));
  expect(names.filter((name) => /NOTIFY|WATCHDOG/.test(name))).toEqual([]);
});
