import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { OK, RawOrigin, answer } from "../../support/origin.ts";
import type { RawSocket } from "../../support/raw-socket.ts";
import type { RawResponse } from "../../support/received-bytes.ts";
import { DataPlane, head, serviceAt } from "./data-plane.ts";

const CONNECTIONS_MAX = 3;
const LIMITED = "127.0.0.2";

function expectRefused(response: RawResponse): void {
  expect(response.status).toBe(503);
  expect(response.field("proxy-status")).toBe("sluice; error=connection_limit_reached");
  expect(response.field("retry-after")).toBe("1");
}

describe("limits (9110 15.6.4)", () => {
  let plane: DataPlane;
  let origin: RawOrigin;

  beforeAll(async () => {
    origin = await RawOrigin.start();
    const at = (limits: object): object => serviceAt([origin.address], { limits });
    plane = await DataPlane.start(
      {},
      {
        listeners: [
          { bind: "127.0.0.1:0" },
          { bind: `${LIMITED}:0`, connectionsMax: CONNECTIONS_MAX },
        ],
        services: {
          inflight: at({ inFlight: 2 }),
          pending: at({ connections: 1, pending: 1 }),
          none: at({ connections: 0 }),
        },
      },
    );
  });
  afterEach(async () => {
    for (const { socket } of origin.connections) socket.destroy();
    origin.clear();
    await plane.endTest();
  });
  afterAll(async () => {
    origin[Symbol.dispose]();
    await plane[Symbol.asyncDispose]();
  });

  async function request(service: string): Promise<RawSocket> {
    return (await plane.open()).send(head("GET / HTTP/1.1", `Host: ${service}`));
  }

  test("inFlight: one request too many gets 503 and may come again", async () => {
    origin.onRequest = () => undefined;
    const first = [await request("inflight"), await request("inflight")];
    await eventually(() => expect(origin.requests).toHaveLength(2));
    const third = await request("inflight");
    expectRefused(await third.response());
    for (const connection of origin.connections) connection.send(OK);
    for (const client of first) expect((await client.response()).body).toBe("ok");
    origin.onRequest = answer(OK);
    third.send(head("GET / HTTP/1.1", "Host: inflight"));
    expect((await third.response()).body).toBe("ok");
  });

  test("connections and pending: one waits for the connection, the next gets 503", async () => {
    origin.onRequest = () => undefined;
    const first = await request("pending");
    await eventually(() => expect(origin.requests).toHaveLength(1));
    const second = await request("pending");
    await eventually(async () => expect(await plane.exchangesOpen("pending")).toBe(2));
    expectRefused(await (await request("pending")).response());
    origin.lastConnection.send(OK);
    expect((await first.response()).body).toBe("ok");
    await eventually(() => expect(origin.requests).toHaveLength(2));
    origin.lastConnection.send(OK);
    expect((await second.response()).body).toBe("ok");
    expect(origin.connections).toHaveLength(1);
  });

  test("who waits gets a new connection when the old one dies", async () => {
    origin.onRequest = () => undefined;
    const first = await request("pending");
    await eventually(() => expect(origin.requests).toHaveLength(1));
    const second = await request("pending");
    await eventually(async () => expect(await plane.exchangesOpen("pending")).toBe(2));
    first.reset();
    await eventually(() => expect(origin.requests).toHaveLength(2));
    origin.lastConnection.send(OK);
    expect((await second.response()).body).toBe("ok");
    expect(origin.connections).toHaveLength(2);
  });

  test("a queue whose clients leave is empty again", async () => {
    origin.onRequest = () => undefined;
    const first = await request("pending");
    await eventually(() => expect(origin.requests).toHaveLength(1));
    for (let index = 0; index < 5; index += 1) {
      const waiting = await request("pending");
      await eventually(async () => expect(await plane.exchangesOpen("pending")).toBe(2));
      waiting.reset();
      await eventually(async () => expect(await plane.exchangesOpen("pending")).toBe(1));
    }
    origin.lastConnection.send(OK);
    expect((await first.response()).body).toBe("ok");
    expect(origin.requests).toHaveLength(1);
  });

  test("connections 0 lets nothing through", async () => {
    expectRefused(await (await request("none")).response());
    expect(origin.connections).toHaveLength(0);
  });

  test("connectionsMax: one connection too many gets 503 and is closed", async () => {
    const target = { host: LIMITED, port: plane.sidecar.ports[1] as number };
    const taken = await Promise.all([1, 2, 3].map(() => plane.open(target)));
    for (const client of taken) {
      client.send(head("GET / HTTP/1.1", "Host: web"));
      expect((await client.response()).body).toBe("ok");
    }
    // What it has sent is there, unread, when it is accepted: a reset would take the answer away
    // from it.
    const [worker = 0] = plane.sidecar.workerPids();
    process.kill(worker, "SIGSTOP");
    const surplus = await plane.open(target);
    surplus.send(head("GET / HTTP/1.1", "Host: web"));
    await eventually(() => expect(surplus.socket.writableLength).toBe(0));
    process.kill(worker, "SIGCONT");
    expectRefused(await surplus.response());
    expect(await surplus.ended()).toBe("fin");
    await plane.services();
    surplus.send("more");
    expect(await surplus.finish().closed()).toBe("fin");
    expect(await plane.rejected("too-many-connections")).toBe(1);
    taken[0]?.close();
    await eventually(async () => {
      const next = await plane.open(target);
      next.send(head("GET / HTTP/1.1", "Host: web"));
      expect((await next.response()).body).toBe("ok");
    });
  });

  test("answers a plain GET after all of that", () => plane.expectAlive());
});
