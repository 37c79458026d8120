import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { connect } from "node:tls";
import { describe, expect, test } from "vitest";
import { HELLO_BYTES_MAX, readClientHello } from "../../../proxy/clients/client-hello.ts";
import {
  clientHello,
  EXTENSION,
  helloExtension,
  helloMessage,
  message,
  oldHello,
  record,
  RECORD,
  records,
  serverNames,
  vector,
} from "../../support/client-hello.ts";

const NAMED = clientHello({ extensions: { [EXTENSION.serverName]: serverNames("Shop.Example") } });
const READ = { kind: "read", serverName: "shop.example" };

function asking(content: Buffer): Buffer {
  return clientHello({ extensions: { [EXTENSION.serverName]: content } });
}

/** The first bytes of Node's own TLS. */
async function realHello(servername: string | undefined): Promise<Buffer> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const client = connect({ host: "127.0.0.1", port, ...(servername && { servername }) });
  client.on("error", () => undefined);
  const [socket] = await once(server, "connection");
  const [bytes] = await once(socket, "data");
  client.destroy();
  server.close();
  return bytes as Buffer;
}

describe("readClientHello()", () => {
  test("reads what a real client asks for, in lower case", async () => {
    expect(readClientHello(await realHello("Redis.Example"))).toEqual({
      kind: "read",
      serverName: "redis.example",
    });
    expect(readClientHello(await realHello(undefined))).toEqual({ kind: "read", serverName: "" });
  });

  test("waits for the rest wherever it is cut, and takes no more than the hello", () => {
    for (let end = 0; end < NAMED.length; end += 1) {
      expect(readClientHello(NAMED.subarray(0, end))).toEqual({ kind: "more" });
    }
    const early = record(RECORD.data, Buffer.from("early data"));
    expect(readClientHello(Buffer.concat([NAMED, early]))).toEqual(READ);
  });

  test("puts a hello together that is cut into records", () => {
    const whole = helloMessage({ extensions: { [EXTENSION.serverName]: serverNames("a.b") } });
    const cut = records(RECORD.handshake, whole, 100);
    expect(readClientHello(cut)).toEqual({ kind: "read", serverName: "a.b" });
    expect(readClientHello(records(RECORD.handshake, whole, 3))).toEqual({ kind: "invalid" });
  });

  test("knows hellos of old versions, and those without any extension", () => {
    const old = oldHello(0x0301, { extensions: { [EXTENSION.serverName]: serverNames("a") } });
    expect(readClientHello(old)).toEqual({ kind: "read", serverName: "a" });
    const bare = message(1, Buffer.alloc(34), vector(1), vector(2, Buffer.alloc(2)), vector(1));
    expect(readClientHello(record(RECORD.handshake, bare))).toEqual({
      kind: "read",
      serverName: "",
    });
  });

  test.each<[string, Buffer]>([
    ["HTTP", Buffer.from("GET / HTTP/1.1\r\n")],
    ["a question for TLS of PostgreSQL", Buffer.from("0000000804d2162f", "hex")],
    ["another record", record(RECORD.alert, Buffer.of(2, 40))],
    ["an empty record", record(RECORD.handshake, Buffer.alloc(0))],
    ["a record that is too long", Buffer.from("1603014001", "hex")],
    ["another version of TLS", Buffer.from("1604010010", "hex")],
    ["another message", record(RECORD.handshake, message(2, Buffer.alloc(60)))],
    ["a message that is too long", record(RECORD.handshake, Buffer.from("01004001", "hex"))],
    ["half a body", record(RECORD.handshake, message(1, Buffer.alloc(20)))],
    ["bytes behind the extensions", record(RECORD.handshake, withTail())],
    ["two names", asking(serverNames("a", "b"))],
    ["another kind of name", asking(vector(2, Buffer.of(1), vector(2, Buffer.from("a"))))],
    ["an empty name", asking(serverNames(""))],
    ["an address", asking(serverNames("127.0.0.1"))],
    ["a name with other characters", asking(serverNames("a b"))],
    ["a name of a thousand characters", asking(serverNames("a".repeat(1_000)))],
    ["bytes behind the name", asking(Buffer.concat([serverNames("a"), Buffer.of(0)]))],
    ["two extensions with names", twice()],
  ])("refuses %s", (_what, bytes) => {
    expect(readClientHello(bytes)).toEqual({ kind: "invalid" });
  });

  test("gives up one that says it is longer than it may be, at once", () => {
    const long = Buffer.alloc(16_000);
    const hello = clientHello({ tail: Buffer.concat([helloExtension(0xfafa, long)]) });
    expect(hello.length).toBeLessThan(HELLO_BYTES_MAX);
    expect(readClientHello(hello)).toMatchObject({ kind: "read" });
    const longer = clientHello({ tail: helloExtension(0xfafa, Buffer.alloc(16_300)) });
    expect(readClientHello(longer.subarray(0, 200))).toEqual({ kind: "invalid" });
  });
});

function withTail(): Buffer {
  const hello = helloMessage();
  return message(1, hello.subarray(4), Buffer.of(0));
}

function twice(): Buffer {
  return clientHello({ tail: helloExtension(EXTENSION.serverName, serverNames("b")) });
}
