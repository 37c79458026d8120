import type { AccessLogField } from "../table/access-log-spec.ts";

/** What the proxy did with it. docs/access-log.md says what each means. */
export const ACCESS_FLAGS = [
  "local",
  "filter",
  "route",
  "delayed",
  "retried",
  "ejected",
  "cut",
  "left",
] as const;

/** One of them. */
export type AccessFlag = (typeof ACCESS_FLAGS)[number];

/** Fields that are numbers. */
export type NumberField =
  | "status"
  | "durationMs"
  | "firstByteMs"
  | "requestBytes"
  | "responseBytes"
  | "attempts";

/** All others. */
export type TextField = Exclude<AccessLogField, NumberField | "time">;

/**
 * What has ended, as a line tells it: see docs/access-log.md. Texts are as they came, a character a
 * byte; "" and undefined: there is none. Only asked for what the format wants.
 */
export interface AccessEntry
  extends Readonly<Record<TextField, string>>, Readonly<Record<NumberField, number | undefined>> {
  /** It went wrong, for whatever reason. */
  readonly isError: boolean;
}
