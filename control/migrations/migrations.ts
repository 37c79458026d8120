import { compoundKey } from "../../proxy/base/compound-key.ts";
import type { VersionName } from "../../proxy/messages/messages.ts";
import type { DrainPolicy, Service } from "../config/service.ts";
import { ControlError } from "../base/errors.ts";
import { OpenTotals } from "./open-totals.ts";
import { aboutVersion } from "../records/sluice-event.ts";
import { VersionMigration } from "./version-migration.ts";
import type { VersionMigrationDeps, MigrationView } from "./version-migration.ts";

/** What people may do about a migration. */
export type MigrationAction = "resume" | "stop";

/**
 * What a version's connections should do. absent: there is no such version, and its connections do
 * what was said before.
 */
type Wish = "stay" | "migrate" | "absent";

/**
 * The migrations of all versions. When workers act on a table, versions that traffic has left begin
 * to migrate, and those in use again stay.
 */
export class Migrations {
  readonly #deps: VersionMigrationDeps;
  readonly #running = new Map<string, VersionMigration>();
  #known: ReadonlyMap<string, Service> = new Map();

  constructor(deps: VersionMigrationDeps) {
    this.#deps = deps;
  }

  /** Does what follows from services that workers have been told, by their names. */
  follow(services: ReadonlyMap<string, Service>): void {
    for (const name of new Set([...this.#known.keys(), ...services.keys()])) {
      const [before, after] = [this.#known.get(name), services.get(name)];
      if (before !== after) this.#compare(name, before, after);
    }
    this.#known = services;
  }

  /** Where a version's migration stands. undefined: there is none. */
  view(name: VersionName): MigrationView | undefined {
    return this.#running.get(compoundKey(name.service, name.version))?.view();
  }

  /**
   * Resumes a migration that has stopped by itself, or ends one; then what is left stays.
   * @throws ControlError no_migration
   */
  act(name: VersionName, action: MigrationAction): MigrationView {
    const migration = this.#running.get(compoundKey(name.service, name.version));
    if (migration === undefined) throw noMigration(name);
    switch (action) {
      case "resume":
        migration.resume();
        break;
      case "stop":
        migration.end("stopped");
        break;
    }
    const kind = action === "resume" ? "migration-resumed" : "migration-ended";
    this.#deps.events.emit({ kind, ...aboutVersion(name) });
    return migration.view();
  }

  /**
   * What is under way at each version, by kind and age, according to the workers that answer in
   * time.
   */
  async open(): Promise<OpenTotals> {
    const answers = await this.#deps.workers.askEach(() => ({ kind: "open" }));
    return new OpenTotals(
      [...answers.values()].flatMap((answer) => (answer.kind === "open" ? answer.versions : [])),
    );
  }

  /** Ends all of them, because the workers end too. */
  close(): void {
    for (const migration of this.#running.values()) migration.end("closing");
  }

  #compare(service: string, before: Service | undefined, after: Service | undefined): void {
    const versions = [...(before?.versions ?? []), ...(after?.versions ?? [])];
    for (const version of new Set(versions.map(({ name }) => name))) {
      const name = { service, version };
      const [was, is] = [wishFor(before, version), wishFor(after, version)];
      const running = this.#running.get(compoundKey(name.service, name.version));
      if (running !== undefined && after !== undefined) running.policy = after.drain;
      if (is === "stay") running?.end("back");
      const isLeft = is === "migrate" || (is === "absent" && before?.onShift === "migrate");
      const policy = (after ?? before)?.drain;
      if (was === "stay" && isLeft && policy !== undefined) this.#begin(name, policy);
    }
  }

  #begin(name: VersionName, policy: DrainPolicy): void {
    const key = compoundKey(name.service, name.version);
    const before = this.#running.get(key);
    const migration = new VersionMigration(name, policy, this.#deps);
    this.#running.set(key, migration);
    // The previous one has ended, but may not have told the workers yet.
    const ended = before?.ended ?? Promise.resolve();
    void ended
      .then(() => migration.run())
      .finally(() => {
        if (this.#running.get(key) === migration) this.#running.delete(key);
      });
  }
}

function wishFor(service: Service | undefined, name: string): Wish {
  const version = service?.versions.find((each) => each.name === name);
  if (service === undefined || version === undefined) return "absent";
  if (version.state === "maint") return "migrate";
  const isLeft = version.state === "drain" || version.weight === 0;
  return isLeft && service.onShift === "migrate" ? "migrate" : "stay";
}

function noMigration({ service, version }: VersionName): ControlError {
  return new ControlError(
    "no_migration",
    404,
    `Cannot find a migration of version ${version} of ${service}: none is under way`,
  );
}
