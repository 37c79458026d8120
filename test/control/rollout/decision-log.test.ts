import { appendFile, mkdir, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ChainedLog, readChain } from "../../../control/rollout/decision-log.ts";
import { rolloutState } from "../../../control/rollout/look-entry.ts";
import type { LookEntry } from "../../../control/rollout/look-entry.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { rolloutOf } from "./specs.ts";

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const entryAt = (atMs: number): LookEntry => ({ kind: "begin", atMs, rollout: rolloutOf() });

async function linesOf(path: string): Promise<string[]> {
  return (await readFile(path, "utf8")).trimEnd().split("\n");
}

async function written(
  count: number,
): Promise<{ readonly path: string; readonly lines: string[] }> {
  const path = join(await temporaryFolder(), "rollouts.jsonl");
  for (let atMs = 0; atMs < count; atMs += 1) {
    // Another process each time: the chain goes on.
    const log = new ChainedLog(path, quiet);
    log.note(entryAt(atMs));
    await log.idle();
  }
  return { path, lines: await linesOf(path) };
}

test("ChainedLog ties each line to the one before, over processes", async () => {
  const { lines } = await written(3);
  const { entries, brokenAt } = readChain(lines);
  expect(brokenAt).toBeUndefined();
  expect(entries.map((each) => (each as LookEntry).atMs)).toEqual([0, 1, 2]);
  expect(readChain(lines.slice(1)).brokenAt).toBeUndefined();
});

test.each([
  ["changed", (lines: string[]) => lines.with(1, lines[1]?.replace('"atMs":1', '"atMs":9') ?? "")],
  ["left out", (lines: string[]) => lines.toSpliced(1, 1)],
  ["put in twice", (lines: string[]) => lines.toSpliced(1, 0, lines[0] ?? "")],
  ["torn", (lines: string[]) => lines.with(1, lines[1]?.slice(0, 40) ?? "")],
])("readChain() finds a line that was %s", async (_what, change) => {
  const { lines } = await written(3);
  expect(readChain(change(lines))).toMatchObject({ brokenAt: 2, entries: [expect.anything()] });
});

test("ChainedLog that cannot be written says so once, and goes on when it can be", async () => {
  const folder = join(await temporaryFolder(), "later");
  const path = join(folder, "rollouts.jsonl");
  const warned: string[] = [];
  const log = new ChainedLog(path, { ...quiet, warn: (event) => void warned.push(event) });
  log.note(entryAt(1));
  log.note(entryAt(2));
  await log.idle();
  await mkdir(folder);
  log.note(entryAt(3));
  await log.idle();
  expect(warned).toEqual(["rollout.log-failed"]);
  const { entries, brokenAt } = readChain(await linesOf(path));
  expect([entries.length, brokenAt]).toEqual([1, undefined]);
});

test("ChainedLog goes on in another file when the last is full or torn, in one chain", async () => {
  const { path, lines: first } = await written(2);
  await appendFile(path, '{"sequence":3,"prev');
  const log = new ChainedLog(path, quiet);
  log.note({ kind: "begin", atMs: 2, rollout: rolloutOf() });
  await log.idle();
  // A hole, which takes no room on the disk.
  await truncate(`${path}.1`, 64 * 1024 ** 2);
  log.note({ kind: "begin", atMs: 3, rollout: rolloutOf() });
  await log.idle();
  const [second = ""] = (await readFile(`${path}.1`, "utf8")).split("\n", 1);
  const { entries, brokenAt } = readChain([...first, second, ...(await linesOf(`${path}.2`))]);
  expect([entries.map((each) => (each as LookEntry).atMs), brokenAt]).toEqual([
    [0, 1, 2, 3],
    undefined,
  ]);
});

describe("ChainedLog.pastOf()", () => {
  const begun = rolloutOf();
  const other = { ...begun, id: "api-1" };
  const look = (atMs: number, id = begun.id): LookEntry => ({
    kind: "look",
    atMs,
    id,
    state: rolloutState(begun),
    seconds: [],
    table: undefined,
    frozen: undefined,
    blindMs: 0,
    blindFor: undefined,
    decision: { kind: "hold", why: begun.why },
  });
  const begin = (atMs: number, rollout = begun): LookEntry => ({ kind: "begin", atMs, rollout });

  /** When what it gives was noted, of a log in memory with these. */
  async function pastAfter(entries: readonly LookEntry[]): Promise<number[]> {
    const log = new ChainedLog(undefined, quiet);
    for (const entry of entries) log.note(entry);
    return (await log.pastOf(begun)).map(({ atMs }) => atMs);
  }

  test("gives what was noted since the evidence began, by whichever process", async () => {
    const path = join(await temporaryFolder(), "rollouts.jsonl");
    const goesOn: LookEntry = { kind: "begin", atMs: 6, rollout: begun, goesOn: true };
    const entries = [begin(1), look(2), begin(3), look(4, "api-1"), look(5), goesOn, look(7)];
    expect(await pastAfter(entries)).toEqual([3, 5, 6, 7]);
    const first = new ChainedLog(path, quiet);
    for (const entry of entries) first.note(entry);
    await first.idle();
    const past = await new ChainedLog(path, quiet).pastOf(begun);
    expect(past.map(({ atMs }) => atMs)).toEqual([3, 5, 6, 7]);
  });

  test("gives nothing without a beginning, before the rollout, or of a broken chain", async () => {
    expect(await pastAfter([])).toEqual([]);
    expect(await pastAfter([look(2)])).toEqual([]);
    expect(await pastAfter([begin(1, other), look(2, "api-1")])).toEqual([]);
    const path = join(await temporaryFolder(), "rollouts.jsonl");
    const log = new ChainedLog(path, quiet);
    for (const entry of [begin(1), look(2), look(3)]) log.note(entry);
    await log.idle();
    const past = { ...begun, startedMs: 3 };
    expect(await log.pastOf(past)).toEqual([]);
    await writeFile(path, (await readFile(path, "utf8")).replace('"atMs":2', '"atMs":9'));
    expect(await new ChainedLog(path, quiet).pastOf(begun)).toEqual([]);
  });
});
