import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { DocumentWitness } from "../../../control/registry/document-witness.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

async function witnessAt(path: string): Promise<DocumentWitness> {
  const witness = new DocumentWitness(path, quiet);
  await witness.load();
  return witness;
}

test("DocumentWitness admits the latest writing, again and again, and none before it", () => {
  const witness = new DocumentWitness(undefined, quiet);
  const first = witness.numbered("web", "one\ntwo");
  expect(witness.admit("web", first)).toBe("one\ntwo");
  const second = witness.numbered("web", "three");
  // Not written yet: somebody else may be quicker.
  expect(witness.numbered("web", "three")).toBe(second);
  expect([witness.admit("web", second), witness.admit("web", second)]).toEqual(["three", "three"]);
  expect([witness.admit("web", first), witness.latest("web")]).toEqual([undefined, "three"]);
  expect(witness.admit("api", first)).toBe("one\ntwo");
});

test("DocumentWitness takes what does not say which writing it is for the oldest", () => {
  const witness = new DocumentWitness(undefined, quiet);
  expect(witness.admit("web", "no number\ntext")).toBe("text");
  witness.admit("web", witness.numbered("web", "one"));
  expect(witness.admit("web", "no number\ntext")).toBeUndefined();
});

test("DocumentWitness remembers over restarts, and does without a broken copy", async () => {
  const path = join(await temporaryFolder(), "seen.json");
  const before = await witnessAt(path);
  const first = before.numbered("web", "one");
  before.admit("web", first);
  before.admit("web", before.numbered("web", "two"));
  await before.settled();
  expect(await readFile(path, "utf8")).toBe('{"web":2}');
  const after = await witnessAt(path);
  expect([after.admit("web", first), after.latest("web")]).toEqual([undefined, undefined]);
  await writeFile(path, "{");
  expect((await witnessAt(path)).admit("web", first)).toBe("one");
});

test("DocumentWitness remembers 4096 documents", () => {
  const witness = new DocumentWitness(undefined, quiet);
  const admitNext = (name: string): string | undefined =>
    witness.admit(name, witness.numbered(name, "text"));
  for (let at = 0; at < 4_096; at += 1) admitNext(`s${at}`);
  admitNext("more");
  expect(witness.latest("more")).toBeUndefined();
  expect(witness.latest("s4095")).toBe("text");
});
