import type { TableChange } from "../../proxy/table/snapshot.ts";

/** Who writes, why, and on what they have seen. */
export type WriteContext = {
  readonly actor: string;
  readonly reason: string | undefined;
  /** The revision that the table must still have. `*`: any. */
  readonly ifMatch: number | "*";
};

/** What a write says about filters. */
export type FilterWrite = {
  readonly context: WriteContext;
  /**
   * The filter whose file is read again although the table says nothing new of it; `*`: all.
   * Absent: only filters that the write changes are read.
   */
  readonly fresh?: string | undefined;
};

/** What workers hold ready for a change. Only the sink that prepared it looks into it. */
export interface PreparedChange {
  /** Under which workers know it. */
  readonly number: number;
}

/** Takes the table to the workers. */
export interface TableSink {
  /**
   * Does all of a change that workers can refuse, before it is stored: they load its filters.
   * Absent: nothing can be refused. undefined: no filter changes. Whoever does not apply what was
   * prepared need do nothing. @throws FilterRefusedError, and then nothing has changed.
   */
  prepare?(change: TableChange, write?: FilterWrite): Promise<PreparedChange | undefined>;
  /**
   * Resolves when every local worker acts on the change, and with it on the filters that were
   * prepared. It keeps the change for workers that start later, even when it rejects.
   */
  apply(change: TableChange, prepared?: PreparedChange): Promise<void>;
}
