import { mkdir, readFile, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { WAITING_BYTES_MAX } from "../../../proxy/access-log/line-queue.ts";
import { LineSink } from "../../../proxy/access-log/line-sink.ts";
import { jsonLog } from "../../../proxy/base/log.ts";
import { eventually } from "../../support/eventually.ts";
import { manualWheel } from "../../support/manual-wheel.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { textLine } from "./line-fixture.ts";

/** A sink for this file, on a clock that the test turns. */
function sinkOf(path: string, collect: () => void = () => undefined) {
  const { wheel, advance } = manualWheel();
  const counts = { written: 0, dropped: 0 };
  const lines: string[] = [];
  const log = jsonLog(
    (line) => lines.push(line),
    () => 0,
  );
  const sink = new LineSink(path, { wheel, log, counts, collect });
  onTestFinished(() => sink.close());
  return { sink, counts, advance, lines };
}

describe("LineSink", () => {
  test("appends lines a moment later, in order, to a file that not all may read", async () => {
    const path = join(await temporaryFolder(), "access.log");
    const { sink, counts, advance } = sinkOf(path);
    sink.add(textLine("one\n"));
    sink.add(textLine("two\n"));
    expect(counts.written).toBe(0);
    advance(400);
    await eventually(async () => expect(await readFile(path, "utf8")).toBe("one\ntwo\n"));
    await eventually(() => expect(counts).toEqual({ written: 2, dropped: 0 }));
    expect((await stat(path)).mode & 0o007).toBe(0);
  });

  test("collects what it may expect a moment later, and when it is flushed", async () => {
    const path = join(await temporaryFolder(), "access.log");
    const due = ["one\n", "two\n"];
    const bed = sinkOf(path, () => due.splice(0, 1).map((text) => bed.sink.add(textLine(text))));
    bed.sink.expect();
    bed.advance(400);
    await eventually(async () => expect(await readFile(path, "utf8")).toBe("one\n"));
    await bed.sink.flush();
    expect(await readFile(path, "utf8")).toBe("one\ntwo\n");
  });

  test("writes to a new file after reopen(), and what came before to the old one", async () => {
    const folder = await temporaryFolder();
    const [path, old] = [join(folder, "access.log"), join(folder, "access.log.1")];
    const { sink } = sinkOf(path);
    sink.add(textLine("one\n"));
    await sink.flush();
    await rename(path, old);
    sink.add(textLine("two\n"));
    await sink.flush();
    sink.reopen();
    sink.add(textLine("three\n"));
    await sink.flush();
    expect(await readFile(old, "utf8")).toBe("one\ntwo\n");
    expect(await readFile(path, "utf8")).toBe("three\n");
  });

  test("writes what fills a chunk at once, and lets what follows wait for more", async () => {
    const path = join(await temporaryFolder(), "access.log");
    const { sink, counts, advance } = sinkOf(path);
    const line = textLine(`${"a".repeat(1_023)}\n`);
    for (let count = 0; count < 260; count += 1) sink.add(line);
    await eventually(() => expect(counts.written).toBe(256));
    for (let turn = 0; turn < 10; turn += 1) await setImmediate();
    expect(counts.written).toBe(256);
    advance(400);
    await eventually(() => expect(counts.written).toBe(260));
  });

  test("keeps lines while the folder is not there, and writes them later", async () => {
    const folder = join(await temporaryFolder(), "logs");
    const path = join(folder, "access.log");
    const { sink, counts, advance, lines } = sinkOf(path);
    sink.add(textLine("one\n"));
    advance(400);
    await eventually(() => expect(lines).toHaveLength(1));
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({
      event: "access-log.failed",
      code: "ENOENT",
    });
    await mkdir(folder);
    await eventually(async () => {
      advance(1_100);
      expect(await readFile(path, "utf8")).toBe("one\n");
    });
    await eventually(() => expect(counts).toEqual({ written: 1, dropped: 0 }));
    expect(lines).toHaveLength(1);
  });

  test("drops what finds no room, and what cannot be written when it has to end", async () => {
    const path = join(await temporaryFolder(), "none", "access.log");
    const { sink, counts } = sinkOf(path);
    const line = textLine(`${"a".repeat(1_023)}\n`);
    const room = WAITING_BYTES_MAX / 1_024;
    for (let count = 0; count < room + 5; count += 1) sink.add(line);
    expect(counts).toEqual({ written: 0, dropped: 5 });
    await sink.flush();
    expect(counts).toEqual({ written: 0, dropped: room + 5 });
  });

  test("counts lines as dropped that a full disk does not take, and goes on", async () => {
    const { sink, counts, lines } = sinkOf("/dev/full");
    sink.add(textLine("one\n"));
    sink.add(textLine("two\n"));
    await sink.flush();
    expect(counts).toEqual({ written: 0, dropped: 2 });
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ code: "ENOSPC" });
  });
});
