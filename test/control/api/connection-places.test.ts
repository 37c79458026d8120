import { once } from "node:events";
import { createServer } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { ServerResponse } from "node:http";
import { connect } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { text } from "node:stream/consumers";
import { connect as connectSecurely } from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import { keepPlaces } from "../../../control/api/connection-places.ts";
import { makeCertificate } from "../../support/certificates.ts";
import { eventually } from "../../support/eventually.ts";

const CONNECTIONS_CROWDED = 240;

type Bed = {
  readonly open: (request: string) => Promise<Socket>;
  readonly waiting: ServerResponse[];
  readonly connections: () => Promise<number>;
};

/** A server that answers `/now` at once, and whatever else when the test says so. */
async function bed(): Promise<Bed> {
  const waiting: ServerResponse[] = [];
  const server = createServer((request, response) => {
    if (request.url === "/now") response.end("here");
    else waiting.push(response);
  });
  keepPlaces(server, { most: 256, crowded: CONNECTIONS_CROWDED });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const sockets: Socket[] = [];
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const open = async (request: string): Promise<Socket> => {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => undefined);
    sockets.push(socket);
    await once(socket, "connect");
    socket.write(request);
    return socket;
  };
  const connections = (): Promise<number> =>
    new Promise((resolve, reject) => {
      server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
    });
  return { open, waiting, connections };
}

const ask = (path: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`;

/** Silent, in the middle of a head, and in the middle of a body. */
const UNFINISHED = [
  "",
  "GET / HTTP/1.1\r\n",
  "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n1",
];

test.each(UNFINISHED)(
  "keepPlaces() keeps a place beside hundreds that send %j",
  async (request) => {
    const { open, connections } = await bed();
    for (let opened = 0; opened < 300; opened += 1) await open(request);
    const answer = text(await open(ask("/now")));
    expect(await answer).toContain("here");
    expect(await connections()).toBeLessThanOrEqual(CONNECTIONS_CROWDED);
  },
);

test("keepPlaces() takes nobody's place who waits for an answer", async () => {
  const { open, waiting } = await bed();
  const patient = text(await open(ask("/later")));
  await eventually(() => expect(waiting).toHaveLength(1));
  for (let opened = 0; opened < 300; opened += 1) await open("");
  waiting[0]?.end("at last");
  expect(await patient).toContain("at last");
});

test("keepPlaces() takes the place of whoever has been silent longest", async () => {
  const { open, connections } = await bed();
  const first = await open("");
  const kept = await open("GET /now HTTP/1.1\r\nHost: a\r\n\r\n");
  await once(kept, "data");
  for (let opened = 0; opened < CONNECTIONS_CROWDED - 2; opened += 1) await open("");
  await eventually(async () => expect(await connections()).toBe(CONNECTIONS_CROWDED));
  await open("");
  await once(first, "close");
  // It had an answer after the second connection was opened, and so is behind that one.
  expect(kept.destroyed).toBe(false);
});

test("keepPlaces() counts a connection with TLS once, and parts with handshakes", async () => {
  const { certPem: cert, keyPem: key } = makeCertificate({ names: ["DNS:api.test"] });
  const waiting: ServerResponse[] = [];
  const server = createSecureServer({ cert, key }, (request, response) => {
    if (request.url === "/now") response.end("here");
    else waiting.push(response);
  });
  keepPlaces(server, { most: 8, crowded: 3 });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const sockets: Socket[] = [];
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const open = async (path?: string): Promise<Socket> => {
    const options = { port, host: "127.0.0.1", rejectUnauthorized: false };
    const socket = path === undefined ? connect(options) : connectSecurely(options);
    sockets.push(socket.on("error", () => undefined));
    await once(socket, path === undefined ? "connect" : "secureConnect");
    if (path !== undefined) socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
    return socket;
  };
  const idle = await open("/now");
  await once(idle, "data");
  const busy = await open("/wait");
  await eventually(() => expect(waiting).toHaveLength(1));
  // Three connections: nobody had to go.
  await once(await open("/now"), "data");
  expect([idle.destroyed, idle.readyState]).toEqual([false, "open"]);
  const silent = await Promise.all([open(), open(), open(), open()]);
  await once(await open("/now"), "data");
  await eventually(() => expect(silent.some(({ destroyed }) => destroyed)).toBe(true));
  waiting[0]?.end("late");
  expect(String(await once(busy, "data"))).toContain("late");
});
