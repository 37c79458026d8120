import { describe, expect, test } from "vitest";
import { makeCertificate } from "../../support/certificates.ts";
import { eventually } from "../../support/eventually.ts";
import { answer } from "../../support/origin.ts";
import type { RawSocket } from "../../support/raw-socket.ts";
import { AUTHORITY, get, identityWith, MATERIAL, openTls, serving } from "./tls-door-fixture.ts";
import type { ClientsBed } from "./clients-fixture.ts";

/*
 * Goal: a connection outlives its certificate by replacedMaxAge and no more, and no request is lost
 * to that. Method: real sockets, and time that the test turns.
 */

const MAX_AGE_MS = 60_000;
const UPGRADE =
  "GET /chat HTTP/1.1\r\nHost: web\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
const SWITCHED =
  "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
  "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
/** A Close frame with 1012, as a server sends it. */
const RESTARTS = "\u0088\u0002\u0003\u00f4";

/** Gives the listener another certificate. */
function renew({ deps }: ClientsBed): void {
  const next = makeCertificate({ issuer: AUTHORITY, names: ["DNS:shop.example"] });
  const others = MATERIAL.identities.filter(({ id }) => id !== "shop");
  deps.contexts.replace({ ...MATERIAL, identities: [identityWith("shop", next), ...others] });
}

/** Every second somebody looks after the connections. */
function pass({ deps, time }: ClientsBed, forMs: number): void {
  for (let passedMs = 0; passedMs < forMs; passedMs += 1_000) {
    time.advance(1_000);
    deps.connections.look();
  }
}

async function statusOf(client: RawSocket): Promise<number> {
  return (await client.send(get()).response()).status;
}

describe("ShownTls.isOutdated()", () => {
  test("ends an idle connection after replacedMaxAge", async () => {
    const { bed, port } = await serving({ replacedMaxAgeMs: MAX_AGE_MS });
    const client = await openTls(port);
    expect(await statusOf(client)).toBe(200);
    renew(bed);
    pass(bed, 40_000);
    expect([client.fate, bed.deps.connections.size]).toEqual(["open", 1]);
    pass(bed, 21_000);
    expect(await client.ended()).toBe("fin");
    expect(await statusOf(await openTls(port))).toBe(200);
  });

  test("ends one that is in use with its next answer", async () => {
    const { bed, port } = await serving({ replacedMaxAgeMs: MAX_AGE_MS });
    const client = await openTls(port);
    await client.send(get()).response();
    renew(bed);
    for (let used = 0; used < 40; used += 1) {
      pass(bed, 1_000);
      expect((await client.send(get()).response()).field("connection")).toBe(undefined);
    }
    // A look may take until 61 s to find that it is over, and the answer after that one tells.
    for (let seconds = 0; seconds < 22; seconds += 1) {
      bed.time.advance(500);
      await client
        .send(get())
        .response()
        .catch(() => undefined);
      bed.time.advance(500);
      bed.deps.connections.look();
    }
    expect(await client.ended()).toBe("fin");
    expect(client.text).toBe("");
  });

  test("ends a tunnel as a service that restarts", async () => {
    const { bed, port } = await serving({ replacedMaxAgeMs: MAX_AGE_MS });
    bed.origin.onRequest = answer(SWITCHED);
    const client = await openTls(port);
    await client.send(UPGRADE).until("\r\n\r\n");
    renew(bed);
    pass(bed, 61_000);
    await client.until(RESTARTS);
    expect(client.text.endsWith(RESTARTS)).toBe(true);
  });

  test.each([
    ["nothing that is its was replaced", MAX_AGE_MS, false],
    ["it may stay as long as it likes", 0, true],
  ])("leaves a connection alone when %s", async (_, replacedMaxAgeMs, isRenewed) => {
    const { bed, port } = await serving({ replacedMaxAgeMs });
    const client = await openTls(port);
    await client.send(get()).response();
    if (isRenewed) renew(bed);
    else bed.deps.contexts.replace({ ...MATERIAL, identities: [...MATERIAL.identities] });
    pass(bed, 70_000);
    await eventually(() => expect(bed.deps.connections.size).toBe(1));
    expect(client.fate).toBe("open");
  });
});
