import { describe, expect, onTestFinished, test } from "vitest";
import { seededRandom } from "../../../proxy/base/random.ts";
import { WorkerMigrations } from "../../../proxy/drain/worker-migrations.ts";
import type { MigrationOrder } from "../../../proxy/messages/messages.ts";
import type { ClientConnection } from "../../../proxy/clients/client-connection.ts";
import { ManualClock } from "../../support/manual-clock.ts";

/*
 * Goal: each migration is about its version and nothing else. Method: connections with tunnels that
 * only note that they were closed.
 */

const ORDER: MigrationOrder = {
  service: "web",
  version: "v1",
  perSecond: 100,
  jitter: 0,
  softMs: 60_000,
  hardMs: 90_000,
  attempt: 1,
  paused: false,
  ageMs: 0,
  activeMs: 0,
  failedPercentMax: 50,
  reconnectsMin: 20,
};

type Started = {
  readonly migrations: WorkerMigrations;
  readonly clock: ManualClock;
  readonly live: { upgrades: number; upgradesFailed: number };
  /** What was closed, and which pools closed their idle connections. */
  readonly closed: string[];
};

function started(...versions: readonly string[]): Started {
  const clock = new ManualClock();
  const closed: string[] = [];
  const connections = versions.map((name) => {
    const [service = "", version = "", place = ""] = name.split("/");
    const tunnel = {
      kind: "tunnel",
      pool: { service, version },
      sinceMs: 0,
      closing: false,
      gone: false,
      isBetweenMessages: true,
      close: () => {
        closed.push(name);
        tunnel.closing = true;
      },
    };
    const nothing = { tunnel: undefined, exchange: undefined };
    const taken = { tunnel, exchange: undefined };
    return place === "stream" ? { ...nothing, streams: [taken, nothing] } : taken;
  });
  const live = { upgrades: 7, upgradesFailed: 7 };
  const pools = ["v1", "v2"].map((version) => ({
    version,
    closeIdle: () => void closed.push(`idle of ${version}`),
  }));
  const services = {
    byName: (name: string) => (name === "web" ? Object.assign(live, { pools }) : undefined),
  };
  const migrations = new WorkerMigrations({
    connections: connections as unknown as ClientConnection[],
    services,
    clock,
    random: seededRandom(1),
  });
  onTestFinished(() => migrations.stopAll());
  return { migrations, clock, live, closed };
}

describe("WorkerMigrations", () => {
  test("order() migrates one version of a service, closes its idle connections once", async () => {
    const { migrations, clock, closed } = started("web/v1", "web/v2", "shop/v1", "web/v1");
    migrations.order(ORDER);
    await clock.advance(500);
    expect(closed).toEqual(["idle of v1", "web/v1", "web/v1"]);
    expect(migrations.order(ORDER)).toMatchObject({ closed: 2, closing: 2 });
    expect(closed).toHaveLength(3);
  });

  test("order() knows a version that the table has no more", async () => {
    const { migrations, clock, closed } = started("gone/v9");
    migrations.order({ ...ORDER, service: "gone", version: "v9" });
    await clock.advance(100);
    expect(closed).toEqual(["gone/v9"]);
  });

  test("order() counts the handshakes of the service since the attempt began", () => {
    const { migrations, live } = started("web/v1");
    expect(migrations.order(ORDER)).toMatchObject({ reconnects: 0, reconnectsFailed: 0 });
    live.upgrades += 3;
    live.upgradesFailed += 2;
    expect(migrations.order(ORDER)).toMatchObject({ reconnects: 3, reconnectsFailed: 2 });
    expect(migrations.order({ ...ORDER, attempt: 2 })).toMatchObject({ reconnects: 0 });
  });

  test("stop() leaves the rest, and a later order() begins anew", async () => {
    const { migrations, clock, closed } = started("web/v1", "web/v1", "web/v1");
    migrations.order({ ...ORDER, perSecond: 1 });
    await clock.advance(500);
    migrations.stop(ORDER);
    await clock.advance(5_000);
    expect(closed).toEqual(["idle of v1", "web/v1"]);
    expect(migrations.order({ ...ORDER, perSecond: 0 })).toMatchObject({ closed: 0 });
  });

  test("order() ends what is on one stream of a connection, and lets the others be", async () => {
    const { migrations, clock, closed } = started("web/v1/stream", "web/v2/stream");
    migrations.order(ORDER);
    await clock.advance(100);
    expect(closed).toEqual(["idle of v1", "web/v1/stream"]);
  });

  test("open() counts by version", async () => {
    const { migrations, clock } = started("web/v1", "web/v2", "web/v1/stream");
    await clock.advance(61_000);
    const none = [0, 0, 0, 0];
    expect(migrations.open()).toEqual([
      { service: "web", version: "v1", tunnel: [0, 2, 0, 0], exchange: none },
      { service: "web", version: "v2", tunnel: [0, 1, 0, 0], exchange: none },
    ]);
  });
});
