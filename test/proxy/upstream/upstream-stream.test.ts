import { describe, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import type { Http2Origin } from "../../support/http2-origin.ts";
import { RecordingUser } from "./pool-fixture.ts";
import { http2Origin, openStream, outgoing, sendOn, streamPool } from "./stream-fixture.ts";
import type { UpstreamStream } from "../../../proxy/upstream/upstream-stream.ts";

const POST =
  "POST /shop.Cart/Add HTTP/1.1\r\nHost: web\r\nTransfer-Encoding: chunked\r\n" +
  "Connection: te\r\nTE: trailers\r\nContent-Type: application/grpc\r\n\r\n";

type Bed = {
  readonly origin: Http2Origin;
  readonly user: RecordingUser;
  readonly slot: UpstreamStream;
  readonly release: () => void;
  readonly discard: () => void;
};

async function bed(): Promise<Bed> {
  const origin = await http2Origin();
  origin.onRequest = () => undefined;
  const pool = streamPool(origin);
  const user = new RecordingUser(pool);
  const slot = await openStream(user);
  return {
    origin,
    user,
    slot,
    release: () => pool.release(slot),
    discard: () => pool.discard(slot),
  };
}

/** What a user has been told of an answer. */
function answered({ told }: RecordingUser): readonly string[] {
  return told.filter((each) => each !== "ready");
}

describe("An UpstreamStream", () => {
  test("carries bodies and trailers both ways", async () => {
    const { origin, user, slot } = await bed();
    slot.send(slot.encode(outgoing(POST)), "one ");
    slot.send("", "two ");
    const piece = Buffer.from("..three..");
    slot.relay({ keep: (b) => b, releaseBuffer: () => undefined }, "", piece, 2, 7);
    slot.finish("X-Sum: 7\r\n");
    const [request] = await origin.received(1);
    await eventually(() => expect(request?.trailers).toMatchObject({ "x-sum": "7" }));
    expect(request?.body).toBe("one two three");
    expect(request?.fields).toMatchObject({ te: "trailers", "content-type": "application/grpc" });
    const stream = request?.stream;
    stream?.additionalHeaders({ ":status": 103, link: "</a.css>" });
    stream?.respond({ ":status": 200 }, { waitForTrailers: true });
    stream?.once("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream?.end("answer");
    await eventually(() => {
      expect(answered(user)).toEqual([
        "head 103",
        "head 200",
        "body answer",
        "finish grpc-status: 0",
      ]);
    });
  });

  test("ends a message that has no body with its head", async () => {
    const { origin, user, slot, release } = await bed();
    sendOn(slot, outgoing("HEAD /x HTTP/1.1\r\nHost: web\r\n\r\n"));
    const [request] = await origin.received(1);
    expect(request?.stream.endAfterHeaders).toBe(true);
    request?.stream.respond({ ":status": 200, "content-length": "9" }, { endStream: true });
    await eventually(() => expect(answered(user)).toEqual(["head 200 end"]));
    release();
    await eventually(() => expect(request?.end).toBe("end"));
  });

  test("is reset at once when its exchange is, and its connection goes on", async () => {
    const { origin, slot, discard } = await bed();
    slot.send(slot.encode(outgoing(POST)), "one");
    const [request] = await origin.received(1);
    discard();
    await eventually(() => expect(request?.end).toBe("reset 8"));
    expect(origin.connections).toBe(1);
    expect([slot.gone, slot.user]).toEqual([true, undefined]);
  });

  test("lets the endpoint send no more than its window while it is paused", async () => {
    const { origin, user, slot } = await bed();
    sendOn(slot);
    const [request] = await origin.received(1);
    slot.pause();
    const bulk = "x".repeat(4 * 1024 * 1024);
    request?.stream.respond({ ":status": 200 });
    request?.stream.end(bulk);
    const bytes = (): number =>
      answered(user).reduce(
        (sum, told) => sum + (told.startsWith("body ") ? told.length - 5 : 0),
        0,
      );
    await eventually(() => expect(bytes()).toBeGreaterThan(0));
    await eventually(async () => {
      const before = bytes();
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(bytes()).toBe(before);
    });
    expect(bytes()).toBeLessThan(bulk.length);
    slot.resume();
    await eventually(() => expect(user.told.at(-1)).toBe("finish"));
    expect(bytes()).toBe(bulk.length);
  });

  test("is blocked by an endpoint that opens no window, and tells when it goes on", async () => {
    const { origin, user, slot } = await bed();
    origin.onRequest = ({ stream }) => stream.pause();
    slot.send(slot.encode(outgoing(POST)), "x".repeat(1024 * 1024));
    const [request] = await origin.received(1);
    request?.stream.pause();
    await eventually(() => expect(slot.blocked).toBe(true));
    request?.stream.resume();
    await eventually(() => expect(user.told).toContain("flushed"));
    slot.finish("");
    await eventually(() => expect(request?.end).toBe("end"));
    expect(request?.body.length).toBe(1024 * 1024);
  });
});
