import type { Log } from "../../proxy/base/log.ts";
import type { Registry } from "../registry/registry.ts";
import type { Documents } from "../store/documents.ts";
import type { Store } from "../store/store.ts";
import type { Services } from "../table/services.ts";
import type { Asker } from "../table/table-sink.ts";
import type { Certificates } from "../tls/certificates.ts";
import type { ListeningSockets } from "../workers/listening-sockets.ts";
import type { Workers } from "../workers/workers.ts";
import { SwapError } from "../base/errors.ts";
import type { ServiceManager } from "./service-manager.ts";
import { Successor } from "./successor.ts";

/** What an upgrade is asked to do. */
export type UpgradeOptions = {
  /** The code of another folder of `releases`. undefined: the same, as it is on disk. */
  readonly release: string | undefined;
  /** Even if somebody takes the end of this process for the end of the service. */
  readonly force: boolean;
  readonly by: Asker;
};

/** Process ids after an upgrade. */
export type UpgradeReport = { readonly pid: number; readonly replaced: number };

/** What an upgrade works with. */
export type SuccessionDeps = {
  readonly services: Pick<Services, "hold" | "release">;
  readonly store: Pick<Store, "reclaim">;
  readonly registry?: Pick<Registry, "yield" | "resume"> | undefined;
  /** The workers end everything themselves when they go. */
  readonly migrations: { close(): void };
  readonly workers: Pick<Workers, "giveAll">;
  readonly sockets: Pick<ListeningSockets, "all">;
  readonly certificates: Pick<Certificates, "tickets">;
  /** See SidecarCounts. */
  readonly countsEpoch: string;
  /** Those beside a table in memory. undefined: they are kept elsewhere. */
  readonly documents: Pick<Documents, "all"> | undefined;
  readonly log: Log;
  /** How this process was started, so that a new one can take its place. */
  readonly configPath: string;
  readonly env: NodeJS.ProcessEnv;
  /** undefined: nobody waits to be told of another main process. */
  readonly manager?: Pick<ServiceManager, "follow"> | undefined;
};

/**
 * Starts the primary that `file` is; resolves when it serves, and the service manager knows it or,
 * with `force`, perhaps not. Meanwhile nobody writes.
 * @throws SwapError; then the store and the place in the registry are ours again.
 */
export async function startSuccessor(
  deps: SuccessionDeps,
  file: string,
  force: boolean,
): Promise<Successor> {
  const { services, sockets, store, registry, certificates, countsEpoch } = deps;
  const { configPath, env } = deps;
  const taken = services.hold();
  registry?.yield();
  try {
    const table = await taken;
    const { tickets } = certificates;
    const program = { file, configPath, env };
    const documents = await deps.documents?.all();
    const inherited = { sockets: sockets.all, table, tickets, countsEpoch, documents };
    const successor = await Successor.start({ ...program, ...inherited });
    const isKnown = (await deps.manager?.follow(successor.pid)) ?? true;
    if (isKnown || force) return successor;
    successor.kill();
    throw new SwapError("the service manager cannot be told of the new primary");
  } catch (error) {
    await store.reclaim();
    registry?.resume();
    services.release();
    throw error;
  }
}

/**
 * Gives a primary that serves everything that is left here. `ends`: ends what it no longer needs.
 */
export async function leaveTo(
  successor: Pick<Successor, "pid" | "give" | "leave">,
  { workers, migrations, log }: Pick<SuccessionDeps, "workers" | "migrations" | "log">,
  ends: { readonly closeApi: () => Promise<void>; readonly closeServices: () => Promise<void> },
): Promise<void> {
  // The API answers the call that asked for this; after that it belongs to the successor.
  await ends.closeApi();
  migrations.close();
  const counts = await workers.giveAll((connection, handle, onGone) =>
    successor.give(connection, handle, onGone),
  );
  await successor.leave(counts);
  await ends.closeServices();
  log.info("upgrade.done", { pid: successor.pid });
}
