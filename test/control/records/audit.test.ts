import { createHash } from "node:crypto";
import { appendFile, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { jsonLog } from "../../../proxy/base/log.ts";
import { Audit, AUDIT_LIST_MAX } from "../../../control/records/audit.ts";
import type { AuditEntry, AuditFact } from "../../../control/records/audit-entry.ts";
import { FileLines, MEMORY_LINES_MAX } from "../../../control/records/line-log.ts";
import { fixedClock as clock } from "../../support/fixed-clock.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const fact = (revision: number, reason?: string): AuditFact => ({
  actor: "local",
  action: "shift",
  service: "web",
  reason,
  before: { weight: revision },
  after: undefined,
  revision,
});

const sequences = (entries: readonly AuditEntry[]): readonly number[] =>
  entries.map(({ sequence }) => sequence);

async function filled(count: number): Promise<{ path: string; audit: Audit }> {
  const path = join(await temporaryFolder(), "audit.jsonl");
  const audit = await Audit.open({ path, clock });
  for (let revision = 1; revision <= count; revision += 1) await audit.append(fact(revision));
  return { path, audit };
}

async function edit(path: string, change: (lines: string[]) => string[]): Promise<void> {
  const lines = (await readFile(path, "utf8")).split("\n");
  await writeFile(path, change(lines).join("\n"));
}

describe("Audit", () => {
  test("append() ties each entry to the one before", async () => {
    const { audit } = await filled(0);
    const first = await audit.append(fact(1, "because"));
    const second = await audit.append(fact(2));
    expect(first).toMatchObject({
      sequence: 1,
      time: "2026-01-02T03:04:05.000Z",
      reason: "because",
      previousHash: "0".repeat(64),
    });
    expect(second).toMatchObject({ sequence: 2, previousHash: first.hash });
  });

  test("the hash is SHA-256 of the canonical JSON, for anybody to check", async () => {
    const { audit } = await filled(0);
    const { hash } = await audit.append(fact(1));
    const text =
      '{"action":"shift","actor":"local","before":{"weight":1},' +
      `"previousHash":"${"0".repeat(64)}","revision":1,"sequence":1,` +
      '"service":"web","time":"2026-01-02T03:04:05.000Z"}';
    expect(hash).toBe(createHash("sha256").update(text).digest("hex"));
  });

  test("goes on where an earlier process ended, in a file only its owner can read", async () => {
    const { path } = await filled(2);
    const audit = await Audit.open({ path, clock });
    await audit.append(fact(3));
    expect(sequences(await audit.list({ limit: 9 }))).toStrictEqual([1, 2, 3]);
    expect(await audit.verify()).toMatchObject({ entries: 3, torn: 0, brokenAt: undefined });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  test("appends asked for at once keep their order", async () => {
    const { audit } = await filled(0);
    await Promise.all([1, 2, 3, 4].map((revision) => audit.append(fact(revision))));
    const entries = await audit.list({ limit: 9 });
    expect(entries.map(({ revision }) => revision)).toStrictEqual([1, 2, 3, 4]);
    expect(await audit.verify()).toMatchObject({ entries: 4, brokenAt: undefined });
  });

  test("list() gives the newest, or those after a sequence number", async () => {
    const { audit } = await filled(5);
    expect(sequences(await audit.list({ limit: 2 }))).toStrictEqual([4, 5]);
    expect(sequences(await audit.list({ limit: 2, since: 1 }))).toStrictEqual([2, 3]);
    expect(sequences(await audit.list({ limit: 9, since: 5 }))).toStrictEqual([]);
    expect(sequences(await audit.list({ limit: 0 }))).toStrictEqual([]);
  });

  test.each<[string, (lines: string[]) => string[], number]>([
    ["changed", (lines) => lines.map((line) => line.replace('"weight":2', '"weight":7')), 2],
    ["taken out", (lines) => lines.toSpliced(1, 1), 2],
    ["taken out, the first", (lines) => lines.slice(1), 1],
    ["doubled", (lines) => lines.toSpliced(1, 0, lines[1] as string), 3],
    ["put elsewhere", ([one, two, three, ...rest]) => [one, three, two, ...rest] as string[], 2],
    ["added to", (lines) => lines.map((line) => line.replace("{", '{"note":1,')), 1],
    ["made unreadable", (lines) => lines.with(1, "x"), 2],
  ])("verify() sees that an entry was %s", async (_, change, brokenAt) => {
    const { path, audit } = await filled(3);
    await edit(path, change);
    expect(await audit.verify()).toMatchObject({ brokenAt });
  });

  test("leaves a torn end as it is, and goes on in a new file", async () => {
    const { path } = await filled(2);
    await appendFile(path, '{"sequence":3,"ti');
    const torn = await readFile(path, "utf8");
    const audit = await Audit.open({ path, clock });
    expect(audit.tornFile).toBe(path);
    await audit.append(fact(3));
    await audit.append(fact(4));
    expect(await readFile(path, "utf8")).toBe(torn);
    expect((await readdir(join(path, ".."))).toSorted()).toStrictEqual([
      "audit.jsonl",
      "audit.jsonl.1",
    ]);
    const again = await Audit.open({ path, clock });
    expect(sequences(await again.list({ limit: 9 }))).toStrictEqual([1, 2, 3, 4]);
    expect(await again.verify()).toMatchObject({ entries: 4, torn: 0, brokenAt: undefined });
  });

  test("reads its files in the order they were written, also beyond the ninth", async () => {
    const { path } = await filled(1);
    for (let revision = 2; revision <= 12; revision += 1) {
      const last = revision === 2 ? path : `${path}.${revision - 2}`;
      await appendFile(last, "{");
      await (await Audit.open({ path, clock })).append(fact(revision));
    }
    const audit = await Audit.open({ path, clock });
    expect(await audit.verify()).toMatchObject({ entries: 12, brokenAt: undefined });
    expect(await readdir(join(path, ".."))).toContain("audit.jsonl.11");
  });

  test("fails in words, and holds its chain, when the disk does not take an entry", async () => {
    const { path, audit } = await filled(1);
    // Stands in for a full disk: what follows a torn end cannot be opened.
    await appendFile(path, "{");
    await mkdir(`${path}.1`);
    await expect(audit.append(fact(2))).rejects.toMatchObject({
      code: "audit_failed",
      message: expect.stringContaining("Cannot write audit log: "),
    });
    await rm(`${path}.1`, { recursive: true });
    expect(await audit.append(fact(2))).toMatchObject({ sequence: 2 });
    expect(await audit.verify()).toMatchObject({ entries: 2, brokenAt: undefined });
  });

  test("counts an entry that is on the disk, though the disk said that it is not", async () => {
    const { path, audit } = await filled(1);
    const other = new FileLines(path);
    const lie = vi.spyOn(FileLines.prototype, "append");
    onTestFinished(() => lie.mockRestore());
    lie.mockImplementationOnce(async (line) => {
      await other.append(line);
      throw new Error("EIO");
    });
    await expect(audit.append(fact(2))).rejects.toThrow("Cannot write audit log: EIO");
    expect(await audit.append(fact(3))).toMatchObject({ sequence: 3, revision: 3 });
    expect(await audit.verify()).toMatchObject({ entries: 3, brokenAt: undefined });
  });

  test("opens a log that cannot be read, says so, and tries again at each append", async () => {
    const folder = join(await temporaryFolder(), "none");
    const path = join(folder, "audit.jsonl");
    const lines: unknown[] = [];
    const log = jsonLog(
      (line) => lines.push(JSON.parse(line)),
      () => clock.wallMs(),
    );
    const audit = await Audit.open({ path, clock, log });
    expect(lines).toMatchObject([{ level: "error", event: "audit.unreadable", path }]);
    expect(audit.head).toBeUndefined();
    await expect(audit.append(fact(1))).rejects.toMatchObject({ code: "audit_failed" });
    await expect(audit.list({ limit: 1 })).rejects.toMatchObject({ code: "audit_failed" });
    await mkdir(folder);
    const { sequence, hash } = await audit.append(fact(2));
    expect(audit.head).toEqual({ sequence, hash });
    expect(sequence).toBe(1);
  });

  test("keeps only size and hash of documents that would make a line too long", async () => {
    const { path, audit } = await filled(1);
    const after = { options: "x".repeat(5 * 1024 ** 2) };
    const text = JSON.stringify(after);
    const sha256 = createHash("sha256").update(text).digest("hex");
    const entry = await audit.append({ ...fact(2), after });
    expect(entry).toMatchObject({ after: { omitted: { bytes: text.length, sha256 } } });
    const again = await Audit.open({ path, clock });
    expect(again.head).toMatchObject({ sequence: 2, hash: entry.hash });
    expect(await again.verify()).toMatchObject({ entries: 2, torn: 0, brokenAt: undefined });
  });

  test("goes on after a line that nobody can read", async () => {
    const { path } = await filled(2);
    await appendFile(path, `${"x".repeat(17 * 1024 ** 2)}\n{"half":\n`);
    const audit = await Audit.open({ path, clock });
    expect(await audit.append(fact(3))).toMatchObject({ sequence: 3 });
    expect(await audit.verify()).toMatchObject({ entries: 3, torn: 2, brokenAt: undefined });
    expect(sequences(await audit.list({ limit: 2 }))).toStrictEqual([2, 3]);
  });

  test("verify() tells the last entry, so that a cut end shows", async () => {
    const { path, audit } = await filled(3);
    const noted = audit.head;
    expect(await audit.verify()).toMatchObject({ head: noted });
    await edit(path, (lines) => lines.toSpliced(2, 1));
    const check = await audit.verify();
    expect([check.brokenAt, check.head.sequence]).toEqual([3, 2]);
    // A later process cannot know; whoever has noted the end can.
    const later = await (await Audit.open({ path, clock })).verify();
    expect(later.brokenAt).toBeUndefined();
    expect(later.head).not.toEqual(noted);
  });

  test("without a path keeps the newest in memory, and the chain from there", async () => {
    const audit = await Audit.open({ clock });
    const count = MEMORY_LINES_MAX + 3;
    for (let revision = 1; revision <= count; revision += 1) await audit.append(fact(revision));
    const entries = await audit.list({ limit: count, since: 0 });
    expect(entries).toHaveLength(Math.min(AUDIT_LIST_MAX, MEMORY_LINES_MAX));
    expect(entries[0]?.sequence).toBe(4);
    expect(await audit.verify()).toStrictEqual({
      entries: MEMORY_LINES_MAX,
      torn: 0,
      brokenAt: undefined,
      head: audit.head,
    });
  });
});
