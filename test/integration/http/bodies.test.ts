import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import type { IncomingMessage, RequestOptions } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { HttpOrigin } from "../../support/origin.ts";
import { DataPlane, serviceAt } from "./data-plane.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const SIZES = [0, 1, 64 * KIB - 1, 64 * KIB, 64 * KIB + 1, 3 * MIB + 7, 100 * MIB] as const;
/**
 * How much the worker may grow at its peak while 400 MiB pass or wait: the young generation of its
 * heap and a few buffers per connection, nothing that depends on a body's size.
 */
const GROWTH_MAX = 48 * MIB;
const PIECE = createHash("sha512").update("bodies").digest();

const hasProc = existsSync("/proc/self/status");
if (!hasProc) process.stdout.write("skipped: memory of the worker, since there is no /proc\n");

/** How fast a side reads or writes: all it can, or a piece at a time with a turn in between. */
type Pace = "fast" | "slow";

/** A body of so many bytes, which no shift by the length of a buffer leaves as it was. */
function* bodyOf(bytes: number): Generator<Buffer> {
  const block = Buffer.alloc(64 * KIB - 5, PIECE);
  for (let at = 0; at < bytes; at += block.length) {
    block.writeUInt32LE(at / block.length, 0);
    yield Buffer.from(block.subarray(0, Math.min(block.length, bytes - at)));
  }
}

async function* paced(bytes: number, pace: Pace): AsyncGenerator<Buffer> {
  for (const block of bodyOf(bytes)) {
    if (pace === "slow") await nextTurn();
    yield block;
  }
}

function hashOf(bytes: number): string {
  const hash = createHash("sha256");
  for (const block of bodyOf(bytes)) hash.update(block);
  return hash.digest("hex");
}

async function hashOfStream(stream: AsyncIterable<Buffer>, pace: Pace): Promise<string> {
  const hash = createHash("sha256");
  for await (const block of stream) {
    hash.update(block);
    if (pace === "slow") await nextTurn();
  }
  return hash.digest("hex");
}

describe("bodies of any size, both ways", () => {
  let plane: DataPlane;
  let origin: HttpOrigin;
  let bytesAtStart = 0;

  beforeAll(async () => {
    origin = await HttpOrigin.start("bodies", (record, response, request) => {
      const wanted = new URL(record.url, "http://bodies").searchParams;
      const bytes = Number(wanted.get("bytes") ?? 0);
      if (wanted.get("framing") === "length") response.setHeader("Content-Length", bytes);
      response.setHeader("X-Hash", record.bodyHash);
      const pace = wanted.get("pace") === "slow" ? "slow" : "fast";
      pipeline(Readable.from(paced(bytes, pace)), response).catch(() => request.destroy());
    });
    const bodies = serviceAt([origin.address], { timeout: "0" });
    plane = await DataPlane.start({}, { services: { bodies } });
    bytesAtStart = workerBytes("VmRSS");
  });
  afterEach(() => plane.endTest());
  afterAll(async () => {
    origin[Symbol.dispose]();
    await plane[Symbol.asyncDispose]();
  });

  async function exchange(options: RequestOptions, body: Readable): Promise<IncomingMessage> {
    const { port } = plane.target() as { readonly port: number };
    const request = httpRequest({ ...options, host: "127.0.0.1", port, agent: false });
    request.setHeader("Host", "bodies");
    const answered = Promise.withResolvers<IncomingMessage>();
    request.once("response", answered.resolve).once("error", answered.reject);
    await pipeline(body, request);
    return answered.promise;
  }

  async function download(
    bytes: number,
    framing: string,
    reader: Pace,
    writer: Pace,
  ): Promise<string> {
    const path = `/?bytes=${bytes}&framing=${framing}&pace=${writer}`;
    const response = await exchange({ path }, Readable.from([]));
    const isChunked = response.headers["transfer-encoding"] === "chunked";
    // node:http knows the length of an empty body.
    expect(isChunked).toBe(framing === "chunked" && bytes > 0);
    return hashOfStream(response, reader);
  }

  async function upload(bytes: number, framing: string, writer: Pace): Promise<unknown> {
    const headers = framing === "length" ? { "content-length": bytes } : {};
    const body = Readable.from(paced(bytes, writer));
    const response = await exchange({ method: "PUT", path: "/", headers }, body);
    response.resume();
    return response.headers["x-hash"];
  }

  /** Resident memory of the worker, now or at its peak. 0: there is no way to know it here. */
  function workerBytes(which: "VmRSS" | "VmHWM"): number {
    if (!hasProc) return 0;
    const status = readFileSync(`/proc/${plane.sidecar.workerPids()[0]}/status`, "utf8");
    return Number(new RegExp(`^${which}:\\s+(\\d+) kB$`, "m").exec(status)?.[1] ?? 0) * KIB;
  }

  test.each(
    SIZES.flatMap((bytes) => ["length", "chunked"].map((framing) => [bytes, framing] as const)),
  )("%i bytes by %s come down and go up as they are", async (bytes, framing) => {
    const hash = hashOf(bytes);
    expect(await download(bytes, framing, "fast", "fast")).toBe(hash);
    expect(await upload(bytes, framing, "fast")).toBe(hash);
  });

  test.each(["length", "chunked"])("a slow reader and a slow writer, by %s", async (framing) => {
    const bytes = 8 * MIB + 3;
    const hash = hashOf(bytes);
    expect(await download(bytes, framing, "slow", "fast")).toBe(hash);
    expect(await download(bytes, framing, "fast", "slow")).toBe(hash);
    expect(await upload(bytes, framing, "slow")).toBe(hash);
  });

  test("a reader that stops stops the origin", async () => {
    const path = `/?bytes=${100 * MIB}`;
    const readers = await Promise.all(
      [1, 2, 3, 4].map(() => exchange({ path }, Readable.from([]))),
    );
    // A reader takes one piece and no more.
    for (const reader of readers) reader.once("readable", () => undefined);
    for (let turns = 0; turns < 40; turns += 1) await plane.services();
    expect(await plane.exchangesOpen("bodies")).toBe(readers.length);
    for (const reader of readers) reader.destroy();
  });

  test.skipIf(!hasProc)("all of that fits into the memory of the worker", () => {
    const peak = workerBytes("VmHWM");
    expect(bytesAtStart).toBeGreaterThan(0);
    expect(peak - bytesAtStart).toBeLessThan(GROWTH_MAX);
  });

  test("answers a plain GET after all of that", () => plane.expectAlive());
});
