import fc from "fast-check";
import { expect, test } from "vitest";
import { lineFormat } from "../../../proxy/access-log/format.ts";
import { LineQueue } from "../../../proxy/access-log/line-queue.ts";
import { PendingLines } from "../../../proxy/access-log/pending-lines.ts";
import { ACCESS_LOG_FIELDS } from "../../../proxy/table/access-log-spec.ts";
import { accessEntry } from "./entry-fixture.ts";
import { bytesOf } from "./line-fixture.ts";

/** Values of which lines that follow each other often share some. */
const entry = fc
  .record({
    client: fc.constantFrom("192.0.2.1", "192.0.2.22"),
    method: fc.constantFrom("GET", "POST", ""),
    path: fc.constantFrom("/", "/a/b", `/${"x".repeat(900)}`, '/"'),
    status: fc.constantFrom(200, 404, undefined),
    error: fc.constantFrom("", "reset"),
    durationMs: fc.constantFrom(0.5, 12, undefined),
    endpoint: fc.constantFrom("10.0.0.5:3000", "[::1]:9", ""),
    attempts: fc.constantFrom(1, 2),
    serverName: fc.constantFrom("", "web.example"),
  })
  .map((about) => accessEntry(about));

const CASES = 50;

test.each([true, false])(
  "lines copied from those before are as they would be alone, file: %s",
  (isFile) => {
    const fields = fc.shuffledSubarray([...ACCESS_LOG_FIELDS], { minLength: 1 });
    fc.assert(
      fc.property(fields, fc.array(entry, { maxLength: 60 }), (chosen, entries) => {
        const format = { kind: "json", fields: chosen } as const;
        const pending = new PendingLines(lineFormat(format));
        const queue = new LineQueue(isFile);
        entries.forEach((each, index) => pending.add(each, index / 3));
        pending.giveTo(queue, 1_000);
        const texts: string[] = [];
        for (let chunk = queue.take(); chunk !== undefined; chunk = queue.take()) {
          texts.push(chunk.bytes.toString("latin1", 0, chunk.length));
        }
        const alone = entries.map((each, index) =>
          bytesOf((bytes) =>
            lineFormat(format).write(bytes, { entry: each, wallMs: 1_000 + index / 3 }, undefined),
          ),
        );
        expect(texts.join("")).toBe(alone.join(""));
      }),
      { numRuns: CASES },
    );
  },
);

test("an entry that found no room leaves nothing that is copied", () => {
  const fields = ["path", "client", "status"] as const;
  const pending = new PendingLines(lineFormat({ kind: "json", fields }));
  const queue = new LineQueue(false);
  const add = (path: string, client = "192.0.2.1"): boolean => {
    const taken: boolean[] = [];
    pending.add(accessEntry({ path, client }), 0);
    pending.giveTo({ add: (line) => taken.push(queue.add(line)) }, 0);
    return taken.includes(true);
  };
  // Pipes have small chunks, of which the last is not full when there is no room for more.
  while (add(`/${"x".repeat(1_000)}`));
  while (add("/"));
  expect(add("/", "192.0.2.99")).toBe(false);
  const first = queue.take();
  if (first !== undefined) queue.recycle(first);
  expect(add(`/${"y".repeat(20)}`, "192.0.2.99")).toBe(true);
  let last = "";
  for (let chunk = queue.take(); chunk !== undefined; chunk = queue.take()) {
    last = chunk.bytes.toString("latin1", 0, chunk.length);
  }
  expect(last.trimEnd().split("\n").at(-1)).toBe(
    `{"path":"/${"y".repeat(20)}","client":"192.0.2.99","status":200}`,
  );
});
