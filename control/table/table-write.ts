import type { ListenerSnapshot } from "../../proxy/table/snapshot.ts";
import type { SluiceEvent } from "../records/sluice-event.ts";
import type { DesiredTable, DocumentChanges } from "./desired-table.ts";
import type { FilterWrite } from "./table-sink.ts";
import type { Warning } from "./warnings.ts";

/** The table before and after a write; one object when the write changed nothing. */
export type Written = {
  readonly before: DesiredTable;
  readonly after: DesiredTable;
  /** The services that changed. */
  readonly names: readonly string[];
  /** What whoever writes should know. */
  readonly warnings: readonly Warning[];
  /** In force here, but the store takes nothing now: the next write stores it. Absent: it did. */
  readonly isUnstored?: true;
};

/** One write on its way. */
export type Write = FilterWrite & {
  /** `put`, `remove`, `shift` …: see AuditFact. */
  readonly action: string;
  /** Returns what becomes of which services, or throws. May be called again. */
  readonly edit: (table: DesiredTable) => DocumentChanges;
  /** Throws if the table that comes of it must not be. Absent: any may be. */
  readonly admit?: (after: DesiredTable) => void;
  /**
   * Resolves when a store that hangs has had enough time: then it is in force here at least, as it
   * is when the store takes nothing. Absent: it is refused when it cannot be stored.
   */
  readonly despiteStore?: (() => Promise<void>) | undefined;
  /** An event to send besides `revision`. */
  readonly event?: (written: Written) => SluiceEvent;
  /** The listeners that come with it. Absent: those that are open stay. */
  readonly listeners?: readonly ListenerSnapshot[] | undefined;
};
