import type { ConnectionOptions } from "node:tls";
import { expect } from "vitest";
import { message, record, RECORD, oldHello, records, vector, words } from "./client-hello.ts";
import { RawSocket } from "./raw-socket.ts";

/** Where a handshake goes: a listener. */
export type Door = { readonly host: string; readonly port: number };

/** What a client does that is wrong. Resolves when its connection has ended. */
export type Act = (door: Door) => Promise<void>;

/** What it is; the listener's name; what it counts as in sluice_rejected_total, "" for nothing. */
export type WrongHandshake = readonly [name: string, door: string, reason: string, act: Act];

/** What an alert says (RFC 8446 section 6). */
export const ALERT = {
  handshakeFailure: 40,
  protocolVersion: 70,
  noApplicationProtocol: 120,
};

/** Sends bytes that are turnedAway, with this alert if there must be one. */
export function turnedAway(bytes: Buffer | string, alert?: number): Act {
  return async (door) => {
    const client = await RawSocket.open(door);
    await client.send(bytes).ended();
    client.close();
    if (alert !== undefined) expect(alertIn(client.text)).toBe(alert);
    expect(client.text).not.toContain("200 OK");
  };
}

/** Sends HTTP in clear, and is told what this port speaks. */
export function toldInClear(text: string): Act {
  return async (door) => {
    const client = await RawSocket.open(door);
    expect((await client.send(text).response()).body).toContain("use https://");
    await client.ended();
    client.close();
  };
}

/** Sends bytes, and leaves. */
export function left(bytes: Buffer): Act {
  return async (door) => {
    const client = await RawSocket.open(door);
    await client.send(bytes).finish().ended();
    client.close();
  };
}

/** Sends a hello that is answered as any other is, and leaves then. */
export function answered(bytes: Buffer): Act {
  return async (door) => {
    const client = await RawSocket.open(door);
    await client.send(bytes).until("\x16\x03\x03");
    client.reset();
  };
}

/** Sends a hello, and more behind the answer. */
export function answeredThenRefused(hello: Buffer, more: Buffer): Act {
  return async (door) => {
    const client = await RawSocket.open(door);
    await client.send(hello).until("\x16\x03\x03");
    await client.send(more).ended();
    client.close();
  };
}

/** A whole client over TLS. In TLS 1.3 it is through before it is judged. */
export function shaking(options: ConnectionOptions): Act {
  return async (door) => {
    const opened = await RawSocket.openTls(door, options).catch(() => undefined);
    if (opened === undefined) return;
    await opened.send("GET / HTTP/1.1\r\nHost: web\r\n\r\n").ended();
    opened.close();
    expect(opened.text).toBe("");
  };
}

/** The end of a server's flight in TLS 1.2. */
const HELLO_DONE = "\x0e\0\0\0";

/** A client of TLS 1.2 that sends these messages in the place of its own flight. */
export function flight(...messages: readonly Buffer[]): Act {
  return async (door) => {
    const raw = await RawSocket.open(door);
    await raw.send(oldHello(0x0303)).until(HELLO_DONE);
    await raw.send(records(RECORD.handshake, Buffer.concat(messages))).ended();
    raw.close();
  };
}

/** A client's certificates, as TLS 1.2 sends them in clear (RFC 5246 section 7.4.6). */
export function certificateMessage(...chain: readonly Buffer[]): Buffer {
  return message(11, vector(3, ...chain.map((der) => vector(3, der))));
}

/** A key for X25519 (RFC 8422 section 5.7). */
export const KEY_EXCHANGE = message(16, vector(1, Buffer.alloc(32, 9)));

/** The proof of a key that the client does not have. */
export const FORGED_PROOF = message(15, words([0x0403]), vector(2, Buffer.alloc(70, 0x30)));

/** The alert in what a server has sent in clear. undefined: none. */
function alertIn(text: string): number | undefined {
  const bytes = Buffer.from(text, "latin1");
  for (let at = 0; at + 5 <= bytes.length; at += 5 + bytes.readUInt16BE(at + 3)) {
    if (bytes[at] === RECORD.alert) return bytes[at + 6];
  }
  return undefined;
}

/** An alert of its own: `level` 1 warns. */
export function alertRecord(level: number, description: number): Buffer {
  return record(RECORD.alert, Buffer.of(level, description), 0x0303);
}
