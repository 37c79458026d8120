import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { describe, expect, onTestFinished, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { RawSocket } from "../../support/raw-socket.ts";
import { fieldOf, get, openPlain, rejected, serving } from "./tls-door-fixture.ts";

/** `socket`, whose first bytes go out in one piece with `prefix`. */
function prefixed(socket: Socket, prefix: Buffer): Duplex {
  let isFirst = true;
  const outer = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      socket.write(isFirst ? Buffer.concat([prefix, chunk]) : chunk, done);
      isFirst = false;
    },
  });
  socket.on("data", (bytes: Buffer) => outer.push(bytes));
  return outer;
}

describe("PrefacedNewcomer", () => {
  test.each([
    ["in one piece", true],
    ["alone", false],
  ])("reads the PROXY protocol's header before the handshake: %s", async (_, isJoined) => {
    const about = { proxyProtocol: true, trustedPeers: ["127.0.0.1"] };
    const { bed, port } = await serving({}, about);
    const header = Buffer.from("PROXY TCP4 203.0.113.9 192.0.2.1 1 2\r\n");
    const raw = await openPlain(port);
    if (!isJoined) raw.send(header);
    const socket = isJoined ? prefixed(raw.socket, header) : raw.socket;
    const client = await RawSocket.secured({ socket });
    onTestFinished(() => client.close());
    expect((await client.send(get()).response()).status).toBe(200);
    expect(fieldOf(bed, "X-Forwarded-For")).toEqual(["203.0.113.9"]);
    expect(bed.deps.connections.shaking).toBe(0);
  });

  test("ends a connection whose PROXY header is wrong, late, or from a stranger", async () => {
    const about = { proxyProtocol: true, trustedPeers: ["127.0.0.1"] };
    const { bed, port } = await serving({}, about);
    await (await openPlain(port)).send(get()).ended();
    const late = await openPlain(port);
    await eventually(() => expect(bed.deps.connections.shaking).toBe(1));
    bed.time.advance(10_500);
    await late.ended();
    await eventually(() => expect(bed.deps.connections.isEmpty).toBe(true));
    const strange = await serving({}, { proxyProtocol: true });
    await (await openPlain(strange.port)).ended();
    expect([rejected(bed), rejected(strange.bed)]).toEqual([
      { "proxy-header-invalid": 1, "tls-timeout": 1 },
      { "proxy-header-untrusted": 1 },
    ]);
  });
});
