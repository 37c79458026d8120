import type { TableChange } from "../../proxy/table/snapshot.ts";
import type { ServiceDocument } from "../config/service-schema.ts";

/**
 * Lets a change of a service pass. undefined: the service is not there.
 * @throws ControlError what it refuses
 */
export type Permit = (
  service: string,
  before: ServiceDocument | undefined,
  after: ServiceDocument | undefined,
) => void;

/** Who writes, why, and based on which revision. */
export type WriteContext = {
  readonly actor: string;
  readonly reason: string | undefined;
  /** The revision that the table must still have. `*`: any. */
  readonly ifMatch: number | "*";
  /** Whether it may leave a service that has traffic without anything that serves. Absent: no. */
  readonly force?: boolean;
  /** Whether it may change what a rollout looks after, which lets go of it then. Absent: no. */
  readonly takeOver?: boolean;
  /** The rollout that writes. Absent: none does. */
  readonly rollout?: string;
  /** Asked for each service that changes, before anything is stored. Absent: all may. */
  readonly permit?: Permit;
};

/** Who asks for something, and why. */
export type Asker = Pick<WriteContext, "actor" | "reason">;

/** What a write says about filters. */
export type FilterWrite = {
  readonly context: WriteContext;
  /**
   * The filter whose file is read again even if the table does not change it; `*`: all. Absent:
   * only filters that the write changes are read.
   */
  readonly fresh?: string | undefined;
};

/** What workers hold ready for a change. Only the sink that prepared it looks inside. */
export interface PreparedChange {
  /** Under which workers know it. */
  readonly number: number;
}

/** Brings the table to the workers. */
export interface TableSink {
  /**
   * Does everything that workers can refuse before a change is stored: they load its filters.
   * Absent: nothing can be refused. Returns undefined if no filter changes. If the prepared change
   * is not applied, nothing needs to be done. @throws FilterRefusedError, and then nothing has
   * changed.
   */
  prepare?(change: TableChange, write?: FilterWrite): Promise<PreparedChange | undefined>;
  /**
   * Resolves when every local worker acts on the change and on the filters prepared for it. Keeps
   * the change for workers that start later, even if it rejects.
   */
  apply(change: TableChange, prepared?: PreparedChange): Promise<void>;
}
