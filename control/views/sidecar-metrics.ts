import type { Registry } from "prom-client";
import { addGauge } from "./metric-series.ts";

/** A migration as it is now. */
export type MigrationMetrics = {
  readonly service: string;
  readonly version: string;
  readonly isStopped: boolean;
  readonly left: { readonly tunnel: number; readonly exchange: number };
  readonly closed: number;
};

/** What the sidecar is at. */
export type SidecarMetrics = {
  readonly isReady: boolean;
  readonly isDraining: boolean;
  /** When the configuration was last read without a mistake, since 1970; it is at the start. */
  readonly configReadMs: number;
  /** Whether it was, the last time. */
  readonly isConfigRead: boolean;
  readonly migrations: readonly MigrationMetrics[];
};

/** Adds what the sidecar as a whole is at. */
export function addSidecar(registry: Registry, sidecar: SidecarMetrics): void {
  const { isReady, isDraining, configReadMs, isConfigRead, migrations } = sidecar;
  const flag = (name: string, help: string, isSet: boolean): void =>
    addGauge(registry, name, help, [[{}, isSet ? 1 : 0]]);
  flag("sluice_ready", "1 while readyz says so", isReady);
  flag("sluice_draining", "1 while the sidecar drains", isDraining);
  flag("sluice_config_last_reload_successful", "1 if the last reload was", isConfigRead);
  addGauge(
    registry,
    "sluice_config_last_reload_success_timestamp_seconds",
    "When the configuration was last read without a mistake, in seconds since 1970",
    [[{}, configReadMs / 1_000]],
  );
  addGauge(
    registry,
    "sluice_migration_left",
    "What a migration has still to end",
    migrations.flatMap(({ service, version, left }) => [
      [{ service, version, kind: "tunnel" }, left.tunnel] as const,
      [{ service, version, kind: "exchange" }, left.exchange] as const,
    ]),
  );
  addGauge(
    registry,
    "sluice_migration_closed",
    "What a migration that goes on has ended so far",
    migrations.map(({ service, version, closed }) => [{ service, version }, closed] as const),
  );
  addGauge(
    registry,
    "sluice_migration_stopped",
    "1 for a migration that has stopped by itself and waits for somebody",
    migrations.map(({ service, version, isStopped }) => {
      return [{ service, version }, isStopped ? 1 : 0] as const;
    }),
  );
}
