/**
 * Body of `/small`: 52 bytes, that of the prototype's measurements, which ratios are compared to.
 */
export const SMALL_BODY = "A small answer, as a health check or a flag has it.\n";

/** Largest head that origins take: more than any proxy passes on. */
export const HEAD_BYTES_MAX = 64 * 1024;

/** Paths that begin so have the small answer too: those of a job's routes, `/route-1` and on. */
export const ROUTE_PREFIX = "/route-";

/** Answers of a fixed size, by path. `/huge` is for readers that never take it whole. */
export const SIZED_ANSWERS: Readonly<Record<string, number>> = {
  "/1k": 1024,
  "/64k": 64 * 1024,
  "/1m": 1024 * 1024,
  "/huge": 64 * 1024 * 1024,
};

/**
 * What `/fields` answers, so that the runner can see that a contender does the job: the version
 * that the origin is, and the forwarded fields that it got.
 */
export type FieldsAnswer = {
  readonly version: string;
  readonly host: string;
  readonly forwardedFor: string;
};
