import { describe, expect, test } from "vitest";
import { AcceptedConnection } from "../../../proxy/clients/accepted-connection.ts";
import type { OpenTunnel } from "../../../proxy/tunnel/tunnel-ends.ts";
import { eventually } from "../../support/eventually.ts";
import type { RawSocket } from "../../support/raw-socket.ts";
import { ClientsBed, PEER } from "./clients-fixture.ts";

/** The smallest protocol: it keeps what comes, and waits. */
class Plain extends AcceptedConnection {
  text = "";
  /** `end`, `flushed`, `close`, `deadline`, `left`, in order. */
  readonly told: string[] = [];
  readonly exchange = undefined;
  readonly idleSinceMs = undefined;

  onData(bytes: Buffer, end: number): void {
    this.text += bytes.toString("latin1", 0, end);
  }
  readonly onEnd = (): void => void this.told.push("end");
  readonly onFlushed = (): void => void this.told.push("flushed");
  readonly onDeadline = (): void => void this.told.push("deadline");
  readonly offer = (): void => undefined;
  readonly goOn = (): void => undefined;
  readonly giveAway = (): undefined => undefined;

  onClose(): void {
    this.told.push("close");
    this.closed();
  }

  closeWhenIdle(): void {
    this.linger();
  }

  /** As a protocol waits for the next thing. */
  waitFor(timeoutMs: number): void {
    this.armFor(timeoutMs);
  }

  /** As a protocol waits for the next request. */
  waitForNext(): void {
    this.armIdle();
  }

  get limits(): { readonly headTimeoutMs: number; readonly stallTimeoutMs: number } {
    return this.timeouts;
  }

  protected leave(): Buffer | undefined {
    this.told.push("left");
    return Buffer.from(this.text, "latin1");
  }
}

type Open = {
  readonly bed: ClientsBed;
  readonly client: RawSocket;
  readonly connection: Plain;
};

/** An accepted connection, of the listener's service if there is one. */
async function open(service?: string, settings: object = {}): Promise<Open> {
  const bed = await ClientsBed.start(settings);
  const { client, accepted } = await bed.accept();
  const connection = new Plain(accepted, PEER, service, bed.deps);
  bed.deps.connections.add(connection);
  return { bed, client, connection };
}

/** Who takes a connection over. */
class FakeTunnel {
  readonly told: string[] = [];
  readonly onConnect = (): void => undefined;
  readonly onData = (bytes: Buffer, end: number): void =>
    void this.told.push(bytes.toString("latin1", 0, end));
  readonly onEnd = (): void => void this.told.push("end");
  readonly onFlushed = (): void => undefined;
  readonly onClose = (): void => void this.told.push("close");

  get asTunnel(): OpenTunnel {
    return this as unknown as OpenTunnel;
  }
}

describe("AcceptedConnection", () => {
  test("is for its listener's service whatever the Host, or else for the Host's", async () => {
    const { bed, connection: bound } = await open("web");
    expect(bound.serviceFor("other")?.name).toBe("web");
    const { accepted } = await bed.accept();
    const free = new Plain(accepted, PEER, undefined, bed.deps);
    expect([free.serviceFor("web")?.name, free.serviceFor("other")]).toEqual(["web", undefined]);
  });

  test("is for nobody when its listener's service is gone", async () => {
    expect((await open("gone")).connection.serviceFor("web")).toBeUndefined();
  });

  test("gives a client that says nothing its service's time for a head, or 10 s", async () => {
    const bound = await open("web", { headTimeout: "3s" });
    bound.bed.time.advance(2_900);
    expect(bound.connection.told).toEqual([]);
    bound.bed.time.advance(200);
    expect(bound.connection.told).toEqual(["deadline"]);
    const free = await open(undefined, { headTimeout: "3s" });
    free.bed.time.advance(9_900);
    expect(free.connection.told).toEqual([]);
    free.bed.time.advance(200);
    expect(free.connection.told).toEqual(["deadline"]);
  });

  test("takes over the times of the service that it was used for, and 0 as no end", async () => {
    const { bed, connection } = await open();
    const limits = { headTimeoutMs: 1, idleTimeoutMs: 2, stallTimeoutMs: 3 };
    connection.followPolicy(limits);
    expect(connection.limits).toBe(limits);
    connection.waitFor(0);
    bed.time.advance(1_000_000);
    expect(connection.told).toEqual([]);
  });

  test.each([
    // Chance, and between which times it ends.
    [{}, 0, 74_900, 75_100],
    [{}, 0.5, 78_600, 78_900],
    [{}, 0.999, 82_300, 82_600],
    [{ idleTimeout: "10s" }, 0, 9_900, 10_100],
    [{ idleTimeout: "10s" }, 0.999, 10_900, 11_100],
  ])("rests, with %j and chance %d, for more than %i ms", async (settings, chance, least, most) => {
    const bed = await ClientsBed.start(settings);
    const { accepted } = await bed.accept();
    const deps = { ...bed.deps, random: { next: () => chance } };
    const connection = new Plain(accepted, PEER, "web", deps);
    connection.waitForNext();
    bed.time.advance(least);
    expect(connection.told).toEqual([]);
    bed.time.advance(most - least);
    expect(connection.told).toEqual(["deadline"]);
  });

  test("knows from the worker that its answers have to announce an end", async () => {
    const { bed, connection } = await open();
    expect(connection.draining).toBe(false);
    bed.deps.connections.draining = true;
    expect(connection.draining).toBe(true);
  });
});

describe("AcceptedConnection.becomeTunnel()", () => {
  test("gives the tunnel what was read and all that comes; its own time is never up", async () => {
    const { bed, client, connection } = await open();
    client.send("early");
    await eventually(() => expect(connection.text).toBe("early"));
    const tunnel = new FakeTunnel();
    expect(connection.becomeTunnel(tunnel.asTunnel)?.toString()).toBe("early");
    expect([connection.tunnel, bed.deps.connections.tunnels]).toEqual([tunnel, 1]);
    client.send("late").finish();
    await eventually(() => expect(tunnel.told.join()).toBe("late,end"));
    bed.time.advance(100_000);
    expect([connection.text, connection.told]).toEqual(["early", ["left"]]);
  });

  test("is counted until the tunnel says that it has ended", async () => {
    const { bed, connection } = await open();
    connection.becomeTunnel(new FakeTunnel().asTunnel);
    const { connections } = bed.deps;
    expect([connections.size, connections.tunnels]).toEqual([1, 1]);
    connection.tunnelEnded();
    expect([connections.size, connections.tunnels]).toEqual([0, 0]);
  });
});

describe("AcceptedConnection.linger()", () => {
  test("ends the connection once it is read empty, and only then counts it no more", async () => {
    const { bed, client, connection } = await open();
    connection.transport.write("answer");
    connection.closeWhenIdle();
    await client.until("answer");
    expect(await client.ended()).toBe("fin");
    const { connections } = bed.deps;
    expect([connections.size, connections.lingering]).toEqual([1, 1]);
    client.send("too late").finish();
    await eventually(() => expect([connections.size, connections.lingering]).toEqual([0, 0]));
    expect([connection.text, connection.told]).toEqual(["", ["left"]]);
  });
});
