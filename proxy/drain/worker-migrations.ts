import { compoundKey } from "../base/compound-key.ts";
import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import type {
  MigrationOrder,
  MigrationProgress,
  OpenCounts,
  VersionName,
} from "../messages/messages.ts";
import type { OpenClient } from "../clients/client-connections.ts";
import { countByVersion } from "./count-work.ts";
import { Migration } from "./migration.ts";
import type { Handshakes } from "./migration.ts";
import { openWork } from "./open-work.ts";
import type { OpenWork } from "./open-work.ts";

/** Service restart: the IANA registry of WebSocket close codes. */
const CODE = 1012;

const NO_HANDSHAKES: Handshakes = { upgrades: 0, upgradesFailed: 0 };

/** The services of a worker, as far as migrations look at them. */
export interface MigratingServices {
  byName(service: string): (Handshakes & { readonly pools: readonly MigratingPool[] }) | undefined;
}

/** A version of them. */
export type MigratingPool = { readonly version: string; closeIdle(): void };

/** What the migrations of a worker work on. */
export type WorkerMigrationsDeps = {
  readonly connections: Iterable<OpenClient>;
  readonly services: MigratingServices;
  readonly clock: Clock;
  readonly random: Random;
};

/** The migrations of one worker, which begin and end as the primary says. */
export class WorkerMigrations {
  readonly #deps: WorkerMigrationsDeps;
  readonly #migrations = new Map<string, Migration>();

  constructor(deps: WorkerMigrationsDeps) {
    this.#deps = deps;
  }

  /** What is under way, by version. */
  open(): OpenCounts[] {
    return countByVersion(openWork(this.#deps.connections), this.#deps.clock.nowMs());
  }

  /** Begins a migration, or continues it on other terms. Returns where it stands. */
  order(order: MigrationOrder): MigrationProgress {
    const key = compoundKey(order.service, order.version);
    const known = this.#migrations.get(key);
    known?.follow(order);
    const migration = known ?? this.#begin(order);
    this.#migrations.set(key, migration);
    return migration.progress();
  }

  /** Ends a migration; what is left stays. */
  stop(version: VersionName): void {
    const key = compoundKey(version.service, version.version);
    this.#migrations.get(key)?.stop();
    this.#migrations.delete(key);
  }

  /** Ends all of them, because everything is about to end. */
  stopAll(): void {
    for (const migration of this.#migrations.values()) migration.stop();
    this.#migrations.clear();
  }

  #begin(order: MigrationOrder): Migration {
    const { services, clock, random } = this.#deps;
    const { service, version } = order;
    for (const pool of services.byName(service)?.pools ?? []) {
      if (pool.version === version) pool.closeIdle();
    }
    return new Migration(order, {
      clock,
      random,
      code: CODE,
      work: () => this.#workOf(order),
      handshakes: () => {
        const { upgrades, upgradesFailed } = services.byName(service) ?? NO_HANDSHAKES;
        return { upgrades, upgradesFailed };
      },
    });
  }

  /** By name: to its tunnels, a version that was taken out of the table or put back is the same. */
  *#workOf({ service, version }: VersionName): Generator<OpenWork> {
    for (const work of openWork(this.#deps.connections)) {
      if (work.pool.service === service && work.pool.version === version) yield work;
    }
  }
}
