import type { ConnectionHandle } from "../../proxy/base/connection-handle.ts";
import type { HandedConnection } from "../../proxy/messages/handed-connection.ts";
import type { WorkerStats } from "../../proxy/metrics/stats.ts";
import type { Heir } from "../workers/hand-over-desk.ts";
import type { BoundSocket } from "../workers/listening-sockets.ts";
import type { KeptDocument } from "../store/documents.ts";
import type { StoredTable } from "../store/store.ts";
import type { TicketState } from "../tls/ticket-rotation.ts";

/** The environment variable that tells a process whose place it takes, by the other's pid. */
export const PREDECESSOR_ENV = "SLUICE_PREDECESSOR";

/** What an old primary says to the one that takes its place; sockets are the messages' handles. */
export type ToSuccessor =
  | { readonly kind: "socket"; readonly bind: string }
  /** The keys of session tickets, secret, so that clients can go on with their sessions. */
  | { readonly kind: "tickets"; readonly tickets: TicketState }
  /** All sockets are there. `table`: the one in force, for a store that lives in memory. */
  | {
      readonly kind: "begin";
      readonly table: StoredTable;
      /** Of the counts that will follow. Absent: the predecessor does not know of epochs. */
      readonly countsEpoch?: string;
      /** Those beside a table in memory. Absent: they are kept elsewhere, or not known of. */
      readonly documents?: ReadonlyMap<string, KeptDocument> | undefined;
    }
  | { readonly kind: "connection"; readonly connection: HandedConnection }
  | { readonly kind: "counts"; readonly stats: readonly WorkerStats[] };

type Begin = Extract<ToSuccessor, { readonly kind: "begin" }>;

/** The new primary's answer: it serves, so the old one may give its connections away. */
export type FromSuccessor = { readonly kind: "serving" };

/** What this process takes over from the primary that started it to take its place. */
export class Inheritance {
  readonly predecessorPid: number;
  readonly sockets: ReadonlyMap<string, BoundSocket>;
  readonly table: StoredTable;
  /** undefined: the predecessor does not know of them. */
  readonly tickets: TicketState | undefined;
  /** Of the predecessor's counts. undefined: it does not know of epochs. */
  readonly countsEpoch: string | undefined;
  /** Those beside a table in memory. undefined: there are none. */
  readonly documents: ReadonlyMap<string, KeptDocument> | undefined;

  /** undefined: this is an ordinary start. Resolves when everything has arrived. */
  static async receive(env: NodeJS.ProcessEnv): Promise<Inheritance | undefined> {
    const pid = Number(env[PREDECESSOR_ENV] ?? "");
    if (pid === 0 || Number.isNaN(pid) || process.send === undefined) return undefined;
    // Removed for our children: they have a predecessor only if we say so.
    delete env[PREDECESSOR_ENV];
    const sockets = new Map<string, BoundSocket>();
    let tickets: TicketState | undefined;
    const begin = await new Promise<Begin>((resolve) => {
      const listen = (message: ToSuccessor, handle: unknown): void => {
        if (message.kind === "socket") sockets.set(message.bind, handle as BoundSocket);
        if (message.kind === "tickets") ({ tickets } = message);
        if (message.kind !== "begin") return;
        process.off("message", listen);
        resolve(message);
      };
      process.on("message", listen);
    });
    return new Inheritance(pid, sockets, { ...begin, tickets });
  }

  private constructor(
    pid: number,
    sockets: ReadonlyMap<string, BoundSocket>,
    { table, countsEpoch, documents, tickets }: Begin & Pick<Inheritance, "tickets">,
  ) {
    this.predecessorPid = pid;
    this.sockets = sockets;
    this.table = table;
    this.tickets = tickets;
    this.countsEpoch = countsEpoch;
    this.documents = documents;
  }

  /** This process serves: the predecessor's connections come from now on. */
  serve(heir: Heir): void {
    process.on("message", (message: ToSuccessor, handle: unknown) => {
      if (message.kind === "counts") heir.addCounts(message.stats);
      if (message.kind !== "connection" || handle === undefined) return;
      heir.adopt(message.connection, handle as ConnectionHandle);
    });
    process.once("disconnect", () => process.removeAllListeners("message"));
    process.send?.({ kind: "serving" } satisfies FromSuccessor);
  }
}
