import { readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import { canMount, mountSmallDisk } from "../support/small-disk.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { VersionOrigin } from "../support/version-origin.ts";

/*
 * Goal: serving does not depend on writing. Method: whole sidecars whose state file or audit log is
 * on its own small disk (tmpfs), which is really full (ENOSPC) or read-only (EROFS).
 */

const isMountable = await canMount();

type Health = { readonly stale: readonly string[]; readonly problems: readonly object[] };

async function sidecarAt(path: string): Promise<TestSidecar> {
  const origin = await VersionOrigin.start("v1");
  onTestFinished(() => origin[Symbol.dispose]());
  const v1 = { weight: 9, endpoints: [origin.address] };
  const services = { web: { hosts: ["localhost"], versions: { v1 } } };
  const sidecar = await startSidecar({ store: { kind: "file", path }, services });
  onTestFinished(sidecar.stop);
  return sidecar;
}

async function shift(sidecar: TestSidecar, v1: number): Promise<readonly [number, unknown]> {
  const answer = await sidecar.call("PATCH", "/v1/services/web/weights", { v1 });
  return [answer.status, await answer.json()];
}

async function health(sidecar: TestSidecar): Promise<Health> {
  const answer = await sidecar.call("GET", "/readyz");
  expect(answer.status).toBe(200);
  return (await answer.json()) as Health;
}

async function stop(sidecar: TestSidecar): Promise<void> {
  sidecar.child.kill("SIGTERM");
  expect(await sidecar.ended).toBe(0);
}

describe.skipIf(!isMountable)("a disk that takes nothing", { timeout: 60_000 }, () => {
  test.each([
    ["full", "ENOSPC"],
    ["read-only", "EROFS"],
  ] as const)("serves a good table from a disk that is %s, and says so", async (kind, code) => {
    const disk = await mountSmallDisk();
    const path = join(disk.path, "table.json");
    const spoil = (): Promise<void> => (kind === "full" ? disk.fill() : disk.remount("ro"));
    const mend = (): Promise<void> => (kind === "full" ? disk.free() : disk.remount("rw"));
    const first = await sidecarAt(path);
    expect((await shift(first, 8))[0]).toBe(200);
    const table = await readFile(path, "utf8");

    // While it runs.
    await spoil();
    expect(await shift(first, 7)).toMatchObject([503, { code: "store_unwritable" }]);
    expect(await health(first)).toMatchObject({
      stale: [expect.stringContaining(code)],
      problems: [{ code: "store", text: expect.stringContaining(code) }],
    });
    await stop(first);
    // The lock that went has left room for the next one.
    if (kind === "full") await disk.fill();

    // At a start.
    const second = await sidecarAt(path);
    expect((await health(second)).stale.join()).toContain(code);
    expect(second.log.map(({ event }) => event)).toContain("store.out_of_step");
    expect((await fetch(`http://localhost:${second.ports[0]}/`)).status).toBe(200);
    const refused = await shift(second, 7);
    expect(refused).toMatchObject([503, { code: "store_unwritable" }]);
    expect(JSON.stringify(refused)).toContain(code);
    expect(await readFile(path, "utf8")).toBe(table);

    await mend();
    expect((await shift(second, 6))[0]).toBe(200);
    expect(await health(second)).toMatchObject({ stale: [], problems: [] });
    expect(second.log.map(({ event }) => event)).toContain("store.in_step");
    const check = await (await second.call("GET", "/v1/audit/check")).json();
    expect(check).toMatchObject({ entries: 2, torn: 0 });
  });

  test("a change stands when the disk of the audit log is full, and it is said", async () => {
    const disk = await mountSmallDisk();
    const path = join(await temporaryFolder(), "table.json");
    const log = join(disk.path, "audit.jsonl");
    await writeFile(log, "");
    await symlink(log, `${path}.audit.jsonl`);
    const sidecar = await sidecarAt(path);
    expect((await shift(sidecar, 8))[0]).toBe(200);
    await disk.fill();
    // Until the last page of the file is full too.
    await eventually(async () => {
      expect((await shift(sidecar, Math.floor(Math.random() * 1e6)))[0]).toBe(200);
      const text = expect.stringContaining("Cannot write audit log: ENOSPC") as string;
      expect((await health(sidecar)).problems).toEqual([{ code: "audit", text }]);
    }, 20_000);
    expect(sidecar.log.map(({ event }) => event)).toContain("audit.append.failed");
    const events = await sidecar.call("GET", "/v1/events?follow=false", undefined, {
      "last-event-id": "0",
    });
    expect(await events.text()).toContain("event: audit-failed");
    expect((await fetch(`http://localhost:${sidecar.ports[0]}/`)).status).toBe(200);

    await disk.free();
    expect((await shift(sidecar, 7))[0]).toBe(200);
    expect((await health(sidecar)).problems).toEqual([]);
    const check = (await (await sidecar.call("GET", "/v1/audit/check")).json()) as object;
    expect(check).not.toHaveProperty("brokenAt");
  });
});
