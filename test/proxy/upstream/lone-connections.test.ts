import { describe, expect, test } from "vitest";
import { Endpoint } from "../../../proxy/upstream/endpoint.ts";
import { EndpointTls } from "../../../proxy/upstream/endpoint-tls.ts";
import { LoneConnections } from "../../../proxy/upstream/lone-connections.ts";
import type { LoneOwner } from "../../../proxy/upstream/lone-connections.ts";
import type {
  UpstreamConnection,
  UpstreamSlot,
  UpstreamUser,
} from "../../../proxy/upstream/upstream-connection.ts";
import { FakeTransport } from "../transport/fake-transport.ts";
import { eventually } from "../../support/eventually.ts";
import { endpointSnapshot, poolDeps } from "./pool-fixture.ts";

/*
 * Goal: a connection that carries one exchange at a time is somebody's, or rests, or is gone, and
 * its pool knows which. Method: connections without a socket, which stand from the beginning.
 */

/** A connection without a socket that is closed when it was destroyed, and tells so. */
class Wire extends FakeTransport {
  override readonly destroy = (): void => this.close();

  close(error?: Error): void {
    if (this.closed) return;
    this.closed = true;
    this.handler.onClose(error);
  }
}

/** Writes down what it is told. */
class User implements UpstreamUser {
  readonly told: string[] = [];

  onUpstreamReady({ reused }: UpstreamSlot): void {
    this.told.push(reused ? "ready again" : "ready");
  }

  onUpstreamFailed(failure: string): void {
    this.told.push(`failed ${failure}`);
  }

  onUpstreamClosed(error: Error | undefined): void {
    this.told.push(error === undefined ? "closed" : "broken");
  }

  onUpstreamData(): void {
    this.told.push("data");
  }

  onUpstreamEnd(): void {
    this.told.push("end");
  }

  onUpstreamFlushed(): void {
    this.told.push("flushed");
  }
}

/** The connections of a version whose owner writes down what it hears. */
class LoneBed implements LoneOwner {
  readonly tls: EndpointTls;
  readonly lone: LoneConnections;
  readonly settledUsers: UpstreamUser[] = [];
  usableCount = 1;
  places = 0;

  constructor() {
    const deps = poolDeps();
    this.tls = new EndpointTls(deps, undefined, "http/1.1");
    this.lone = new LoneConnections(deps, this.tls, this);
  }

  settled(user: UpstreamUser): void {
    this.settledUsers.push(user);
  }

  onPlace(): void {
    this.places += 1;
  }

  /** One that stands and has this user. */
  open(endpoint: Endpoint, user = new User()): UpstreamConnection {
    return this.lone.connect(endpoint, user, 0, { transport: new Wire() });
  }

  /** One that rests. */
  rest(endpoint: Endpoint, alone = false): UpstreamConnection {
    const connection = this.open(endpoint);
    expect(connection.rest(undefined)).toBe(true);
    this.lone.keep(connection, alone);
    return connection;
  }
}

/** What may happen to a connection that rests for one client, each with words for it. */
const MISHAPS: readonly (readonly [
  what: string,
  happen: (bed: LoneBed, connection: UpstreamConnection) => void,
])[] = [
  ["was made with other certificates", ({ tls }) => void (tls.current = {})],
  [
    "leads to an endpoint that is taken out of use",
    (_, { endpoint }) => void (endpoint.removed = true),
  ],
  ["has ended meanwhile", (_, { transport }) => transport.destroy()],
];

function endpointOf(address = "127.0.0.1:1", more = {}): Endpoint {
  return new Endpoint(endpointSnapshot(address, more), 0);
}

describe("LoneConnections", () => {
  test("counts what it has made until that is gone, and then has a place", () => {
    const bed = new LoneBed();
    const endpoint = endpointOf();
    const user = new User();
    const connection = bed.open(endpoint, user);
    bed.open(endpoint);
    expect([bed.lone.count, endpoint.inFlight, bed.places]).toEqual([2, 2, 0]);
    connection.onClose(undefined);
    expect([bed.lone.count, endpoint.inFlight, bed.places]).toEqual([1, 1, 1]);
    expect([user.told, bed.settledUsers]).toEqual([["closed"], [user]]);
  });

  test("discards one without a word to its user", () => {
    const bed = new LoneBed();
    const user = new User();
    const connection = bed.open(endpointOf(), user);
    bed.lone.discard(connection);
    expect([connection.gone, user.told, bed.lone.count]).toEqual([true, [], 0]);
    expect([bed.settledUsers, bed.places]).toEqual([[], 1]);
  });

  test("tells its owner of a user before it tells the user that its connection is there", () => {
    const bed = new LoneBed();
    const user = new User();
    const connection = bed.open(endpointOf(), user);
    bed.settledUsers.length = 0;
    user.onUpstreamReady = () => user.told.push(`settled ${bed.settledUsers.includes(user)}`);
    bed.lone.onConnectionReady(connection);
    connection.free();
    bed.lone.onConnectionReady(connection);
    expect(user.told).toEqual(["settled true"]);
  });

  test("gives the one that rests to the next user, who hears when it was looked at", async () => {
    const bed = new LoneBed();
    const endpoint = endpointOf();
    const connection = bed.rest(endpoint);
    expect([bed.lone.idleCount(endpoint), endpoint.inFlight]).toEqual([1, 0]);
    const user = new User();
    expect(bed.lone.take(endpoint, user, "new")).toBeUndefined();
    expect(bed.lone.take(endpoint, user, "any")).toBe(connection);
    expect([user.told, connection.ready, bed.lone.idleCount(endpoint)]).toEqual([[], false, 0]);
    await eventually(() => expect(user.told).toEqual(["ready again"]));
    expect(bed.lone.take(endpoint, new User(), "any")).toBeUndefined();
  });

  test("tells a user that the one that rested has ended: it is stale, not closed", () => {
    const bed = new LoneBed();
    const endpoint = endpointOf();
    const connection = bed.rest(endpoint);
    const user = new User();
    bed.lone.take(endpoint, user, "any");
    connection.transport.destroy();
    expect([user.told, bed.lone.count, bed.places]).toEqual([["failed stale"], 0, 1]);
  });

  test("gives one of any endpoint that may get new work, and makes room of the others", () => {
    const bed = new LoneBed();
    const [usable, out] = [endpointOf("a:1"), endpointOf("b:1", { state: "drain" })];
    const [kept, inTheWay] = [bed.rest(usable), bed.rest(out)];
    expect(bed.lone.takeAny([out], new User())).toBeUndefined();
    bed.lone.closeOneInTheWay([usable, out]);
    expect([kept.gone, inTheWay.gone]).toEqual([false, true]);
    bed.lone.closeOneInTheWay([usable, out]);
    expect(bed.lone.takeAny([out, usable], new User())).toBe(kept);
  });

  test("closes what rests at an endpoint, and nothing that is used or rests elsewhere", () => {
    const bed = new LoneBed();
    const [one, other] = [endpointOf("a:1"), endpointOf("b:1")];
    const [resting, alone, elsewhere] = [bed.rest(one), bed.rest(one, true), bed.rest(other)];
    const used = bed.open(one);
    bed.lone.closeIdle(one);
    const all = [resting, alone, elsewhere, used];
    expect(all.map(({ gone }) => gone)).toEqual([true, true, false, false]);
    expect([bed.lone.idleCount(one), bed.lone.idleCount(other)]).toEqual([0, 1]);
  });
});

describe("LoneConnections for one client alone", () => {
  test("keeps a connection for it, which nobody else gets", async () => {
    const bed = new LoneBed();
    const endpoint = endpointOf();
    const connection = bed.rest(endpoint, true);
    expect(bed.lone.take(endpoint, new User(), "any")).toBeUndefined();
    const user = new User();
    expect(bed.lone.resume(connection, user)).toBe(true);
    await eventually(() => expect(user.told).toEqual(["ready again"]));
  });

  test.each(MISHAPS)("gives none back that %s", (_, happen) => {
    const bed = new LoneBed();
    const connection = bed.rest(endpointOf(), true);
    happen(bed, connection);
    const user = new User();
    expect([bed.lone.resume(connection, user), user.told]).toEqual([false, []]);
    expect([connection.gone, bed.lone.count]).toEqual([true, 0]);
  });
});
