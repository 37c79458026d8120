import { mkdtemp, rm } from "node:fs/promises";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { HttpOrigin, RawOrigin, answer } from "../../support/origin.ts";
import type { OriginRequest } from "../../support/origin.ts";
import { DataPlane, head, responseOf, serviceAt } from "./data-plane.ts";

const hasIpv6 = Object.values(networkInterfaces())
  .flat()
  .some((each) => each?.address === "::1");
if (!hasIpv6) process.stdout.write("skipped: IPv6, since this machine has no ::1\n");

const FORWARDED = [
  "X-Forwarded-For: 203.0.113.9",
  "X-Forwarded-Proto: https",
  "X-Forwarded-Host: shop.example",
];

const HALF = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n";

describe("Unix sockets", () => {
  let plane: DataPlane;
  let origin: RawOrigin;
  let folder: string;
  let listener: { readonly path: string };
  /** One that trusts whoever comes through it. */
  let trusting: { readonly path: string };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "sluice-addresses-"));
    listener = { path: join(folder, "sluice.sock") };
    trusting = { path: join(folder, "trusting.sock") };
    origin = await RawOrigin.start({ path: join(folder, "origin.sock") });
    plane = await DataPlane.start(
      {},
      {
        listeners: [
          { bind: "127.0.0.1:0" },
          { bind: `unix:${listener.path}`, trustedPeers: ["0.0.0.0/0", "::/0"] },
          { bind: `unix:${trusting.path}`, trustedPeers: ["unix"] },
        ],
        services: {
          unix: serviceAt([origin.address]),
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
    await rm(folder, { recursive: true });
  });

  test("a request comes in through one and goes out through another", async () => {
    const client = await plane.open(listener);
    expect((await client.send(head("GET / HTTP/1.1", "Host: unix")).response()).body).toBe("ok");
  });

  /** What the origin is told about where a request comes from. */
  async function told(target: { readonly path: string }): Promise<readonly (string | undefined)[]> {
    const client = await plane.open(target);
    client.send(head("GET / HTTP/1.1", "Host: unix", ...FORWARDED));
    expect((await client.response()).body).toBe("ok");
    const { field } = origin.requests[0] as OriginRequest;
    return [field("x-forwarded-for"), field("x-forwarded-proto"), field("x-forwarded-host")];
  }

  test("what a trusted peer says of a request's origin is kept", async () => {
    expect(await told(trusting)).toEqual(["203.0.113.9", "https", "shop.example"]);
  });

  test("what a stranger says is dropped, and nothing that is no address put there", async () => {
    expect(await told(listener)).toEqual([undefined, "http", "unix"]);
  });

  test("a bad request is refused", async () => {
    const client = await plane.open(listener);
    expect((await client.send("BAD\r\n\r\n").response()).status).toBe(400);
    expect(await client.ended()).toBe("fin");
  });

  test("half a body is cut there, too, although there is no reset", async () => {
    origin.onRequest = answer(HALF);
    const client = await plane.open(listener);
    await client.send(head("GET / HTTP/1.1", "Host: unix")).until("half");
    origin.lastConnection.socket.destroy();
    expect(await client.ended()).not.toBe("open");
    expect(client.text.endsWith("4\r\nhalf\r\n")).toBe(true);
  });

  test("the end of a last answer waits for a slow client beyond the linger of 2 s", async () => {
    // Unix sockets hold little, and always the same: with one of these sizes the last piece waits
    // here.
    const sizes = Array.from({ length: 16 }, (_, index) => (index + 1) * 32 * 1024);
    origin.onRequest = (connection, { line }) => {
      connection.send(responseOf("200 OK", "x".repeat(Number(line.split(/[ /]+/)[1]))));
    };
    const clients = await Promise.all(sizes.map(() => plane.open(listener)));
    const startedMs = performance.now();
    clients.forEach((client, index) => {
      client.pause();
      const lines = ["Host: unix", "Connection: close"];
      client.send(head(`GET /${sizes[index]} HTTP/1.1`, ...lines));
    });
    await eventually(() => expect(performance.now() - startedMs).toBeGreaterThan(2600));
    for (const client of clients) client.resume();
    const bodies = await Promise.all(clients.map(async (client) => (await client.response()).body));
    expect(bodies.map(({ length }) => length)).toEqual(sizes);
  });

  test("answers a plain GET after all of that", () => plane.expectAlive());
});

describe.skipIf(!hasIpv6)("IPv6", () => {
  let plane: DataPlane;
  let origin: HttpOrigin;

  beforeAll(async () => {
    origin = await HttpOrigin.start("six", undefined, { host: "::1" });
    plane = await DataPlane.start(
      {},
      {
        listeners: [{ bind: "127.0.0.1:0" }, { bind: "[::1]:0", trustedPeers: ["::1"] }],
        services: { six: serviceAt([origin.address], { hosts: ["[::1]", "six"] }) },
      },
    );
  });
  afterEach(() => plane.endTest());
  afterAll(async () => {
    origin[Symbol.dispose]();
    await plane[Symbol.asyncDispose]();
  });

  test("a request comes in over it and goes out over it, by an IPv6 Host", async () => {
    const port = plane.sidecar.ports[1] as number;
    const client = await plane.open({ host: "::1", port });
    const lines = [`Host: [::1]:${port}`, "X-Forwarded-For: 2001:db8::1"];
    expect((await client.send(head("GET / HTTP/1.1", ...lines)).response()).body).toBe("six");
    const raw = origin.records[0]?.rawHeaders ?? [];
    expect(raw[raw.indexOf("X-Forwarded-For") + 1]).toBe("2001:db8::1, ::1");
    expect(raw[raw.indexOf("Host") + 1]).toBe(`[::1]:${port}`);
  });

  test("answers a plain GET after all of that", () => plane.expectAlive());
});
