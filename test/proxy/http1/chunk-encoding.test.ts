import { assert, array, property, string } from "fast-check";
import { expect, test } from "vitest";
import { ChunkDecoder } from "../../../proxy/http1/chunk-decoder.ts";
import { chunkPrefix, lastChunk } from "../../../proxy/http1/chunk-encoding.ts";

test("chunkPrefix() and lastChunk() make a body that is decoded to what went in", () => {
  const pieces = array(string({ unit: "binary-ascii", minLength: 1, maxLength: 40 }));
  const same = property(pieces, (payload) => {
    const chunks = payload.map((each) => `${chunkPrefix(each.length)}${each}\r\n`).join("");
    const bytes = Buffer.from(chunks + lastChunk(""), "latin1");
    expect(new ChunkDecoder().decode(bytes, 0, bytes.length)).toBe(payload.join(""));
  });
  assert(same, { seed: 7 });
});
