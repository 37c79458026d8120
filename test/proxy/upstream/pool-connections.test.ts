import { describe, expect, test } from "vitest";
import type { Endpoint } from "../../../proxy/upstream/endpoint.ts";
import type { VersionPool } from "../../../proxy/upstream/version-pool.ts";
import { eventually } from "../../support/eventually.ts";
import { RawOrigin } from "../../support/origin.ts";
import {
  endpointSnapshot,
  poolPolicy,
  RecordingUser,
  versionPool,
  versionSnapshot,
} from "./pool-fixture.ts";
import { ask, http2Origin, http2Policy, openStream, sendOn } from "./stream-fixture.ts";

/*
 * Goal: whoever wants a connection gets one where one may be had, a shared one or one of their own,
 * and a place that becomes free goes to who waits. Method: pools in front of real origins.
 */

describe("PoolConnections.acquire() of streams", () => {
  test("at the limit takes a stream at another endpoint rather than wait", async () => {
    const [first, second] = [await http2Origin(), await http2Origin()];
    const policy = http2Policy({ connections: 1 });
    const pool = versionPool([first.address, second.address], policy);
    for (let asked = 0; asked < 6; asked += 1) expect((await ask(pool)).at(-1)).toBe("finish");
    expect([first.requests.length, second.requests.length].toSorted((a, b) => a - b)).toEqual([
      0, 6,
    ]);
    expect(pool.connections).toBe(1);
  });

  test("at the limit waits for a stream, and refuses past who may wait", async () => {
    const origin = await http2Origin({ maxConcurrentStreams: 1 });
    origin.onRequest = () => undefined;
    const pool = versionPool([origin.address], http2Policy({ connections: 1, pending: 1 }));
    const [holder, next, third] = [0, 1, 2].map(() => new RecordingUser(pool));
    const slot = await openStream(holder as RecordingUser);
    sendOn(slot);
    expect([next?.acquire(), third?.acquire()]).toEqual(["waiting", "overloaded"]);
    pool.discard(slot);
    await eventually(() => expect([next?.told, third?.told]).toEqual([["ready"], []]));
  });

  test("closes an idle connection of an ill endpoint for who waits", async () => {
    const [first, second] = [await http2Origin(), await http2Origin()];
    const policy = http2Policy({ connections: 1 });
    const pool = versionPool([first.address], policy);
    await ask(pool);
    const ill = endpointSnapshot(first.address, { healthy: false });
    pool.update(versionSnapshot(ill, second.address), policy);
    expect((await ask(pool)).at(-1)).toBe("finish");
    await eventually(() => expect([first.connections, second.connections]).toEqual([0, 1]));
  });
});

describe("PoolConnections.release()", () => {
  test("keeps no stream for one client alone", async () => {
    const origin = await http2Origin();
    const pool = versionPool([origin.address], http2Policy());
    const user = new RecordingUser(pool);
    for (const [alone, kept] of [
      [true, false],
      [false, true],
    ] as const) {
      const slot = await openStream(user);
      sendOn(slot);
      await eventually(() => expect(user.told.at(-1)).toBe("finish"));
      expect([pool.release(slot, alone), pool.resume(slot, user)]).toEqual([kept, false]);
    }
    expect([origin.sessions.length, pool.connections]).toEqual([1, 1]);
  });

  test.each<[string, boolean, (pool: VersionPool, address: string) => void]>([
    ["keeps a connection", true, () => undefined],
    [
      "closes one whose version speaks something else by now",
      false,
      (pool, address) => pool.update(versionSnapshot(address), http2Policy()),
    ],
    ["closes one whose version is gone", false, (pool) => pool.close()],
  ])("%s", async (_, kept, change) => {
    using origin = await RawOrigin.start();
    const pool = versionPool([origin.address]);
    const connection = await new RecordingUser(pool).open();
    change(pool, origin.address);
    expect(pool.release(connection)).toBe(kept);
    await eventually(() => expect(pool.connections).toBe(kept ? 1 : 0));
  });
});

test("PoolConnections.follow() closes what rests and speaks otherwise", async () => {
  using origin = await RawOrigin.start();
  const pool = versionPool([origin.address]);
  const user = new RecordingUser(pool);
  await user.open();
  user.release();
  const [endpoint] = pool.endpoints.values();
  pool.update(versionSnapshot(origin.address), poolPolicy());
  expect(pool.idleCount(endpoint as Endpoint)).toBe(1);
  pool.update(versionSnapshot(origin.address), http2Policy());
  await eventually(() => expect(pool.connections).toBe(0));
});
