import { once } from "node:events";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { RawOrigin } from "../../support/origin.ts";
import type { OriginConnection } from "../../support/origin.ts";
import type { RawSocket } from "../../support/raw-socket.ts";
import { DataPlane, head, responseOf, serviceAt } from "./data-plane.ts";

const BODY = Buffer.alloc(5_000_000, "x");
const REFUSAL = responseOf("401 Unauthorized", "who are you?", "Connection: close");
/** Delimited by the end of the connection, as an HTTP/1.0 server does it. */
const OPEN_ENDED = "HTTP/1.0 401 Unauthorized\r\n\r\nwho are you?";

/** Sends its whole request before it looks for an answer, as many clients do. */
async function sendAll(client: RawSocket, host: string): Promise<void> {
  client.pause();
  client.send(head("POST / HTTP/1.1", `Host: ${host}`, `Content-Length: ${BODY.length}`));
  client.send(BODY);
  if (client.socket.writableNeedDrain) await once(client.socket, "drain");
  client.resume();
}

/** Answers the head and closes, leaving all that follows unread, which causes a reset. */
function refuse(bytes: string): (connection: OriginConnection) => void {
  return ({ socket }) => {
    socket.pause();
    socket.write(bytes, () => socket.destroy());
  };
}

describe("answers that come before the request is whole (docs/http.md)", () => {
  const path = join(tmpdir(), `sluice-early-${process.pid}.sock`);
  let plane: DataPlane;
  let local: RawOrigin;

  beforeAll(async () => {
    local = await RawOrigin.start({ path });
    plane = await DataPlane.start(
      { retries: { attempts: 0 } },
      {
        services: { local: serviceAt([local.address]), small: serviceAt([], { maxBody: "10KiB" }) },
      },
    );
  });
  afterEach(() => plane.endTest());
  afterAll(async () => {
    await plane[Symbol.asyncDispose]();
    local[Symbol.dispose]();
    await rm(path, { force: true });
  });

  test.each([
    ["TCP", "web"],
    ["a Unix socket", "local"],
  ])("an endpoint at %s refuses and closes unread: the client gets its answer", async (_, host) => {
    const origin = host === "web" ? plane.origin : local;
    const before = await plane.attempts("ok");
    for (let round = 0; round < 20; round += 1) {
      origin.onHead = refuse(REFUSAL);
      const client = await plane.open();
      await sendAll(client, host);
      const response = await client.response();
      expect([response.status, response.body]).toEqual([401, "who are you?"]);
      expect(response.field("connection")).toBe("close");
      expect(await client.ended()).toBe("fin");
      client.close();
    }
    if (host === "web") expect(await plane.attempts("ok")).toBe(before + 20);
  });

  test("an answer delimited by its end is whole if its FIN came before the reset", async () => {
    plane.origin.onHead = ({ socket }) => {
      socket.pause();
      socket.end(OPEN_ENDED, () => socket.destroy());
    };
    const client = await plane.open();
    await sendAll(client, "web");
    expect((await client.response()).body).toBe("who are you?");
  });

  test("our own 413 reaches a client that sends 5 MB first", async () => {
    for (let round = 0; round < 10; round += 1) {
      const client = await plane.open();
      await sendAll(client, "small");
      expect((await client.response()).status).toBe(413);
      expect(await client.ended()).toBe("fin");
      client.close();
    }
  });

  test("answers a plain GET after all of that", () => plane.expectAlive());
});
