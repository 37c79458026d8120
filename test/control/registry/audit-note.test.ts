import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Audit } from "../../../control/records/audit.ts";
import type { AuditFact } from "../../../control/records/audit-entry.ts";
import { Events } from "../../../control/records/events.ts";
import { AuditNote } from "../../../control/registry/audit-note.ts";
import { eventually } from "../../support/eventually.ts";
import { openConsulBed } from "../../support/fake-consul-bed.ts";
import type { FakeConsulBed, Running } from "../../support/fake-consul-bed.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const KEY = "sluice/audit/a%2F1";
const BY = { actor: "local", reason: "a new disk" };

const fact: AuditFact = {
  actor: "local",
  action: "shift",
  service: "web",
  reason: undefined,
  before: undefined,
  after: undefined,
  revision: 2,
};

type Noted = {
  readonly audit: Audit;
  readonly note: AuditNote;
  readonly events: Events;
  readonly running: Running;
};

/** What one process of the sidecar `a/1` has, with the log at `path`. */
async function start(bed: FakeConsulBed, path: string, revision = 2): Promise<Noted> {
  const { clock } = bed.deps;
  const audit = await Audit.open({ path, clock });
  const events = new Events(clock);
  const place = { prefix: "sluice", sidecar: "a/1", revision: () => revision };
  const note = new AuditNote({ ...bed.deps, events }, place, audit);
  return { audit, note, events, running: bed.run((signal) => note.run(signal)) };
}

type Value = { sequence: number; hash: string; revision: number; lost?: object };

function noted({ consul }: FakeConsulBed): Value {
  return JSON.parse(consul.keys.get(KEY)?.value ?? "{}") as Value;
}

async function end({ running }: Noted): Promise<void> {
  running.end.abort();
  await running.done;
}

/** A log of three entries whose end is noted; its process has ended. */
async function threeNoted(bed: FakeConsulBed): Promise<string> {
  const path = join(await temporaryFolder(), "audit.jsonl");
  const first = await start(bed, path);
  for (let count = 0; count < 3; count += 1) await first.audit.append(fact);
  await eventually(() => expect(noted(bed)).toMatchObject(first.audit.head ?? {}));
  await end(first);
  return path;
}

async function cutOff(path: string): Promise<void> {
  const lines = (await readFile(path, "utf8")).split("\n");
  await writeFile(path, `${lines.slice(0, 2).join("\n")}\n`);
}

test("AuditNote notes the end of the log, and has nothing against one that went on", async () => {
  const bed = await openConsulBed();
  const path = await threeNoted(bed);
  expect(noted(bed).sequence).toBe(3);
  // While nothing can be noted, the log goes on.
  const unnoted = await Audit.open({ path, clock: bed.deps.clock });
  await unnoted.append(fact);
  const second = await start(bed, path);
  await eventually(() => expect(noted(bed).sequence).toBe(4));
  expect(second.note.problem).toBeUndefined();
  expect(second.events.since(0)).toEqual([]);
});

test("AuditNote writes nothing about a log without an entry", async () => {
  const bed = await openConsulBed();
  await start(bed, join(await temporaryFolder(), "audit.jsonl"));
  await eventually(() => expect(bed.consul.asked.join()).toContain("audit/?recurse"));
  expect(bed.consul.asked.join()).not.toContain("PUT");
});

test("AuditNote says that the log was cut off, at each start, until it is accepted", async () => {
  const bed = await openConsulBed();
  const path = await threeNoted(bed);
  await cutOff(path);
  const second = await start(bed, path);
  await eventually(() => expect(second.note.problem).toContain("found that it ends with 2"));
  const { problem } = second.note;
  expect(second.events.since(0)).toMatchObject([{ kind: "audit-mismatch", problem }]);
  expect(bed.deps.lines.join()).toContain("audit.mismatch");
  // From now on the log as it is goes on, and nothing of it can be lost unseen either.
  await second.audit.append(fact);
  await second.audit.append(fact);
  await eventually(() => expect(noted(bed).sequence).toBe(4));
  expect(noted(bed).lost).toMatchObject({ noted: { sequence: 3 } });
  await end(second);

  const third = await start(bed, path);
  await eventually(() => expect(third.note.problem).toBe(problem));
  expect(await third.note.accept(BY, 7)).toBe(true);
  expect(third.note.problem).toBeUndefined();
  expect(third.events.since(1)).toMatchObject([{ kind: "audit-mismatch" }]);
  const [entry] = await third.audit.list({ limit: 1 });
  const wanted = { ...BY, action: "audit-accept", revision: 7, before: { sequence: 3 } };
  expect(entry).toMatchObject({ ...wanted, after: { sequence: 4 } });
  expect(await third.note.accept(BY, 7)).toBe(false);
  await eventually(() => expect(noted(bed)).toMatchObject({ sequence: 5 }));
  expect(noted(bed).lost).toBeUndefined();
  await end(third);

  const fourth = await start(bed, path);
  await fourth.audit.append(fact);
  await eventually(() => expect(noted(bed).sequence).toBe(6));
  expect(fourth.note.problem).toBeUndefined();
});

test("AuditNote compares when Consul answers, also with what was written until then", async () => {
  const bed = await openConsulBed();
  const path = await threeNoted(bed);
  await cutOff(path);
  bed.consul.fault = { kind: "answer", status: 500, text: "No cluster leader" };
  const second = await start(bed, path);
  await eventually(() => expect(bed.deps.lines.join()).toContain("audit.not_noted"));
  for (let count = 0; count < 3; count += 1) await second.audit.append(fact);
  bed.consul.fault = undefined;
  await eventually(() => expect(second.note.problem).toContain("wanted entry 3 with hash"));
});

test("AuditNote does without a note that nobody of ours has written", async () => {
  const bed = await openConsulBed();
  const path = await threeNoted(bed);
  for (const nonsense of ["nonsense", "{}", JSON.stringify({ ...noted(bed), hash: "x" })]) {
    bed.consul.set(KEY, nonsense);
    const next = await start(bed, path);
    await eventually(() => expect(noted(bed).sequence).toBe(3));
    expect(next.note.problem).toBeUndefined();
    await end(next);
  }
  expect(bed.deps.lines.join()).toContain("audit.note_unreadable");
});

test("AuditNote deletes notes of names that have not come back for 90 days", async () => {
  const bed = await openConsulBed();
  const day = 24 * 3_600_000;
  const hash = "0".repeat(64);
  for (const [name, days] of [
    ["old", 91],
    ["young", 89],
  ] as const) {
    const time = new Date(bed.deps.clock.wallMs() - days * day).toISOString();
    bed.consul.set(`sluice/audit/${name}`, JSON.stringify({ sequence: 1, hash, time }));
  }
  bed.consul.set("sluice/audit/other", "of somebody else");
  await threeNoted(bed);
  await eventually(() => expect(bed.consul.keys.has("sluice/audit/old")).toBe(false));
  expect(bed.consul.keys.has("sluice/audit/young")).toBe(true);
  expect(bed.consul.keys.has("sluice/audit/other")).toBe(true);
});

test("AuditNote keeps the latest revision that the sidecar has had", async () => {
  const bed = await openConsulBed();
  const path = join(await temporaryFolder(), "audit.jsonl");
  const first = await start(bed, path, 12);
  await first.audit.append(fact);
  await eventually(() => expect(noted(bed)).toMatchObject({ sequence: 1, revision: 12 }));
  await end(first);
  const second = await start(bed, path, 9);
  await second.audit.append(fact);
  await eventually(() => expect(noted(bed)).toMatchObject({ sequence: 2, revision: 12 }));
  await end(second);
  const third = await start(bed, path, 13);
  await third.audit.append(fact);
  await eventually(() => expect(noted(bed)).toMatchObject({ sequence: 3, revision: 13 }));
});
