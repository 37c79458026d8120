import { expect, test } from "vitest";
import { ChunkDecoder } from "../../../proxy/http1/chunk-decoder.ts";

const BODY = "5\r\nhello\r\n00A;x=y\r\n0123456789\r\n0\r\nX-Trailer: 1\r\n\r\n";
const bytes = Buffer.from(`<${BODY}GET /`, "latin1");
const end = 1 + BODY.length;

test("ChunkDecoder gives the payload, however it is cut, without trailers or what follows", () => {
  for (let cut = 1; cut <= end; cut += 1) {
    const decoder = new ChunkDecoder();
    const text = decoder.decode(bytes, 1, cut) + decoder.decode(bytes, cut, bytes.length);
    expect(text).toBe("hello0123456789");
  }
});

test("ChunkDecoder gives what came before a byte that breaks the rules", () => {
  const broken = Buffer.from("2\r\nab\r\nzz\r\n", "latin1");
  expect(new ChunkDecoder().decode(broken, 0, broken.length)).toBe("ab");
});
