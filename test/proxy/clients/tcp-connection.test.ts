import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { StalledListener } from "../../support/stalled-listener.ts";
import { deadAddress, TcpOrigin } from "../../support/tcp-origin.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { TcpBed } from "./tcp-fixture.ts";

/*
 * Goal: what a client of a service of kind tcp gets, whoever speaks first and whatever is broken.
 * Method: a real listener with real sockets on both sides, and time that the test turns.
 */

const MEBIBYTE = 1024 * 1024;

const HEADER = "PROXY TCP4 203.0.113.9 198.51.100.7 56789 6379\r\n";
const BALANCER = { proxyProtocol: true, trustedPeers: ["127.0.0.1"] };

async function origins(...names: readonly string[]): Promise<TcpOrigin[]> {
  return Promise.all(names.map((name) => TcpOrigin.start(name)));
}

/** The name of the origin that a new client of the bed gets. */
async function visit(bed: TcpBed): Promise<string> {
  const client = await bed.open();
  await client.until("\n");
  client.close();
  return client.text.trim();
}

describe("TcpConnection", () => {
  test("has an endpoint before its client has said anything", async () => {
    const [v1] = await origins("v1");
    const bed = await TcpBed.start({ v1: [v1?.address ?? ""] });
    const client = await bed.open();
    await client.until("v1\n");
    client.send("what");
    await client.until("v1\nwhat");
    expect(bed.deps.connections.tunnels).toBe(1);
  });

  test("passes on each side's end while the other one goes on", async () => {
    const [v1] = await origins("v1");
    const bed = await TcpBed.start({ v1: [v1?.address ?? ""] });
    const client = await bed.open();
    expect(await client.send("last").finish().ended()).toBe("fin");
    expect(client.text).toBe("v1\nlastbye");
    await eventually(() => expect(bed.deps.connections.isEmpty).toBe(true));
  });

  test("passes on a reset as one, both ways", async () => {
    const [v1] = await origins("v1");
    const bed = await TcpBed.start({ v1: [v1?.address ?? ""] });
    const client = await bed.open();
    await client.until("v1\n");
    v1?.visits[0]?.socket.resetAndDestroy();
    expect(await client.closed()).toBe("reset");
    const other = await bed.open();
    await other.until("v1\n");
    const error = new Promise((resolve) => v1?.visits[1]?.socket.once("error", resolve));
    other.reset();
    expect(await error).toMatchObject({ code: "ECONNRESET" });
  });

  test("stops an endpoint whose client does not read, and loses nothing", async () => {
    const [v1] = await origins("v1");
    const bed = await TcpBed.start({ v1: [v1?.address ?? ""] });
    const { socket } = await bed.open();
    // More than the buffers of four sockets of the kernel take.
    const sent = randomBytes(40 * MEBIBYTE);
    socket.pause();
    socket.write(sent);
    const waiting = (): number => v1?.visits[0]?.socket.writableLength ?? 0;
    await eventually(() => expect(waiting()).toBeGreaterThan(MEBIBYTE), 20_000);
    const pieces: Buffer[] = [];
    let length = 0;
    socket.removeAllListeners("data").on("data", (bytes: Buffer) => {
      pieces.push(bytes);
      length += bytes.length;
    });
    socket.resume();
    const wanted = Buffer.concat([Buffer.from("v1\n"), sent]);
    await eventually(() => expect(length).toBe(wanted.length), 20_000);
    expect(Buffer.concat(pieces).equals(wanted)).toBe(true);
    const { bytesIn, bytesOut } = bed.deps.services.poolFor("web", "v1").counters.tunnels;
    expect([bytesIn, bytesOut]).toEqual([sent.length, wanted.length]);
  });

  test("splits by connection, exactly", async () => {
    const [v1, v2] = await origins("v1", "v2");
    const bed = await TcpBed.start({ v1: [v1?.address ?? ""], v2: [v2?.address ?? ""] });
    const names: string[] = [];
    for (let times = 0; times < 20; times += 1) names.push(await visit(bed));
    const ofV1 = names.filter((name) => name === "v1").length;
    expect(ofV1).toBeGreaterThanOrEqual(9);
    expect(ofV1).toBeLessThanOrEqual(11);
  });

  test("keeps a client's address at its version, where the service says so", async () => {
    const [v1, v2] = await origins("v1", "v2");
    const versions = { v1: [v1?.address ?? ""], v2: [v2?.address ?? ""] };
    const bed = await TcpBed.start(versions, { affinity: { clientIp: true } });
    const names = new Set<string>();
    for (let times = 0; times < 10; times += 1) names.add(await visit(bed));
    expect(names.size).toBe(1);
  });

  test("goes to another endpoint when one is down, with all that its client has sent", async () => {
    const [v1] = await origins("v1");
    const bed = await TcpBed.start({ v1: [await deadAddress(), v1?.address ?? ""] });
    for (let times = 0; times < 10; times += 1) {
      const client = (await bed.open()).send("early");
      await client.until("v1\nearly");
    }
    const { outcomes, failures } = bed.counted("v1");
    expect(outcomes[0]).toBe(10);
    expect(outcomes[1]).toBeGreaterThan(0);
    expect(failures).toEqual({});
  });

  test("goes to stable when its version has nothing else", async () => {
    const [v1] = await origins("v1");
    const bed = await TcpBed.start({ v1: [v1?.address ?? ""], v2: [await deadAddress()] });
    const names = [await visit(bed), await visit(bed), await visit(bed), await visit(bed)];
    expect(names).toEqual(["v1", "v1", "v1", "v1"]);
    expect(bed.deps.services.byName("web")).toMatchObject({ upgrades: 4, upgradesFailed: 0 });
  });

  test("resets its client when nothing can be reached, and counts why", async () => {
    const bed = await TcpBed.start({ v1: [await deadAddress()] });
    expect(await bed.fate()).toBe("reset");
    expect(bed.counted("v1").failures).toEqual({ "connect-refused": 1 });
    expect(bed.counted("v1").outcomes[1]).toBe(2);
    const { services, connections } = bed.deps;
    expect(services.byName("web")).toMatchObject({ upgrades: 1, upgradesFailed: 1 });
    await eventually(() => expect(connections.isEmpty).toBe(true));
    expect(services.poolFor("web", "v1").inFlight).toBe(0);
  });

  test("gives up an endpoint that does not answer in time", async () => {
    using stalled = await StalledListener.start();
    const retries = { attempts: 0 };
    const bed = await TcpBed.start({ v1: [stalled.address] }, { connectTimeout: "2s", retries });
    const client = await bed.open();
    await eventually(() => expect(bed.deps.services.poolFor("web", "v1").inFlight).toBe(1));
    bed.time.advance(2_200);
    expect(await client.closed()).toBe("reset");
    expect(bed.counted("v1").failures).toEqual({ "connect-timeout": 1 });
  });

  test.each([
    ["tunnels", { tunnels: 1 }],
    ["pending, when a connection takes its time", { connections: 0, pending: 0 }],
  ])("keeps within limits of %s", async (_what, limits) => {
    const [v1] = await origins("v1");
    const bed = await TcpBed.start({ v1: [v1?.address ?? ""] }, { limits });
    if ("tunnels" in limits) await (await bed.open()).until("v1\n");
    expect(await bed.fate()).toBe("reset");
    expect(bed.counted("v1").failures).toEqual({ overloaded: 1 });
  });

  test("waits no longer than for a connect when its turn does not come", async () => {
    using stalled = await StalledListener.start();
    const limits = { connections: 1 };
    const retries = { attempts: 0 };
    const bed = await TcpBed.start(
      { v1: [stalled.address] },
      { connectTimeout: "9s", limits, retries },
    );
    await bed.open();
    const { services } = bed.deps;
    await eventually(() => expect(services.poolFor("web", "v1").inFlight).toBe(1));
    bed.time.advance(5_000);
    const second = await bed.open();
    await eventually(() => expect(services.poolFor("web", "v1").inFlight).toBe(2));
    bed.time.advance(4_200);
    bed.time.advance(5_000);
    expect(await second.closed()).toBe("reset");
  });

  test("needs no endpoint any more when its client has left", async () => {
    using stalled = await StalledListener.start();
    const bed = await TcpBed.start({ v1: [stalled.address] });
    const client = await bed.open();
    const pool = bed.deps.services.poolFor("web", "v1");
    await eventually(() => expect(pool.inFlight).toBe(1));
    client.reset();
    await eventually(() => {
      bed.deps.connections.look();
      expect([pool.inFlight, pool.connections, bed.deps.connections.size]).toEqual([0, 0, 0]);
    });
  });

  test.each([
    ["none", undefined],
    ["one of HTTP", { kind: "http" }],
  ])("is reset and counted where its service is %s", async (_what, settings) => {
    const service = settings === undefined ? "nobody" : "web";
    const bed = await TcpBed.start({ v1: ["127.0.0.1:1"] }, settings, { service });
    expect(await bed.fate()).toBe("reset");
    expect(bed.deps.rejected.toRecord()).toEqual({ "no-service": 1 });
  });

  test("is closed above the listener's bound", async () => {
    const [v1] = await origins("v1");
    const versions = { v1: [v1?.address ?? ""] };
    const bed = await TcpBed.start(versions, {}, { connectionsMax: 1 });
    await (await bed.open()).until("v1\n");
    const second = await bed.open();
    await second.ended();
    expect([second.text, bed.deps.rejected.toRecord()]).toEqual([
      "",
      { "too-many-connections": 1 },
    ]);
  });

  test("ends by FIN when it has been silent for tunnelIdleTimeout", async () => {
    const [v1] = await origins("v1");
    const settings = { tunnelIdleTimeout: "7s" };
    const bed = await TcpBed.start({ v1: [v1?.address ?? ""] }, settings);
    const client = await bed.open();
    await client.until("v1\n");
    bed.time.advance(7_200);
    expect(await client.ended()).toBe("fin");
    await eventually(() => expect(v1?.open).toBe(0));
  });
});

describe("TcpConnection with the PROXY protocol", () => {
  test.each([
    ["in one piece with what follows", true],
    ["alone, and its endpoint speaks first", false],
  ])("reads its header %s", async (_what, isJoined) => {
    const [v1] = await origins("v1");
    const upstream = { proxyProtocol: "v1" };
    const bed = await TcpBed.start({ v1: [v1?.address ?? ""] }, { upstream }, BALANCER);
    const client = (await bed.open()).send(isJoined ? `${HEADER}early` : HEADER);
    if (!isJoined) await client.until("v1\n");
    if (!isJoined) client.send("early");
    await client.until("early");
    expect(v1?.visits[0]?.text).toBe(`${HEADER}early`);
  });

  test("says who its client is by the ends of the connection", async () => {
    const [v1] = await origins("v1");
    const upstream = { proxyProtocol: "v1" };
    const bed = await TcpBed.start({ v1: [v1?.address ?? ""] }, { upstream });
    const client = await bed.open();
    await client.until("PROXY");
    const from = client.socket.localPort;
    expect(v1?.visits[0]?.text).toBe(`PROXY TCP4 127.0.0.1 127.0.0.1 ${from} ${bed.port}\r\n`);
  });

  test("says that it does not know its client, who has come by a Unix socket", async () => {
    const [v1] = await origins("v1");
    const bind = `unix:${join(await temporaryFolder(), "s")}`;
    const upstream = { proxyProtocol: "v1" };
    const bed = await TcpBed.start({ v1: [v1?.address ?? ""] }, { upstream }, { bind });
    await (await bed.open()).until("PROXY");
    expect(v1?.visits[0]?.text).toBe("PROXY UNKNOWN\r\n");
  });

  test("splits by the address in the header", async () => {
    const [v1, v2] = await origins("v1", "v2");
    const versions = { v1: [v1?.address ?? ""], v2: [v2?.address ?? ""] };
    const bed = await TcpBed.start(versions, { affinity: { clientIp: true } }, BALANCER);
    const names = new Set<string>();
    for (let host = 1; host <= 20; host += 1) {
      const client = (await bed.open()).send(HEADER.replace("203.0.113.9", `203.0.113.${host}`));
      await client.until("\n");
      names.add(client.text.trim());
    }
    expect([...names].toSorted()).toEqual(["v1", "v2"]);
  });

  test("ends whoever does not send one in time, and counts it", async () => {
    const bed = await TcpBed.start({ v1: ["127.0.0.1:1"] }, { headTimeout: "3s" }, BALANCER);
    const client = await bed.open();
    await eventually(() => expect(bed.deps.connections.size).toBe(1));
    bed.time.advance(3_200);
    await client.ended();
    expect(bed.deps.rejected.toRecord()).toEqual({ "proxy-header-timeout": 1 });
  });
});
