import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Documents } from "../../../control/store/documents.ts";
import { FileDocuments } from "../../../control/store/file-documents.ts";
import { MemoryDocuments } from "../../../control/store/memory-documents.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

async function fileIn(): Promise<string> {
  return join(await temporaryFolder(), "documents.json");
}

describe.each([
  ["MemoryDocuments", async (): Promise<Documents> => new MemoryDocuments()],
  ["FileDocuments", async (): Promise<Documents> => new FileDocuments(await fileIn())],
])("%s", (_name, open) => {
  test("lets one of two writers win, and keeps what the others have", async () => {
    const documents = await open();
    const first = await documents.save("web", "a", undefined);
    expect(await documents.save("web", "b", undefined)).toBeUndefined();
    expect(await documents.save("shop", "c", "1")).toBeUndefined();
    await documents.save("shop", "c", undefined);
    const second = await documents.save("web", "d", first);
    expect(second).not.toBe(first);
    expect(await documents.save("web", "e", first)).toBeUndefined();
    const texts = [...(await documents.all())].map(([name, { text }]) => `${name} ${text}`);
    expect(texts.toSorted()).toEqual(["shop c", "web d"]);
  });

  test("only waits for others, who cannot write", async () => {
    const end = new AbortController();
    const following = (await open()).follow(() => undefined, end.signal);
    end.abort();
    await following;
  });
});

test("MemoryDocuments go on with those of the process before", async () => {
  const before = new MemoryDocuments();
  const mark = await before.save("web", "a", undefined);
  const after = new MemoryDocuments(await before.all());
  expect(await after.save("web", "b", "0")).toBeUndefined();
  const next = await after.save("web", "b", mark);
  expect([...(await after.all())]).toEqual([["web", { text: "b", mark: next }]]);
  expect(next).not.toBe(mark);
});

test("FileDocuments are there for the next process, for their owner only", async () => {
  const path = await fileIn();
  const mark = await new FileDocuments(path).save("web", "a", undefined);
  const again = new FileDocuments(path);
  expect([...(await again.all())]).toEqual([["web", { text: "a", mark }]]);
  expect(await again.save("web", "b", mark)).toBeDefined();
});

test.each(["", "{", "{}", '{"format":"sluice-documents","formatVersion":2,"documents":{}}'])(
  "FileDocuments leave a file with %j as it is",
  async (text) => {
    const path = await fileIn();
    await writeFile(path, text);
    const documents = new FileDocuments(path);
    await expect(documents.all()).rejects.toMatchObject({ code: "store_foreign" });
    await expect(documents.save("web", "a", undefined)).rejects.toThrow(path);
    expect(await readFile(path, "utf8")).toBe(text);
  },
);
