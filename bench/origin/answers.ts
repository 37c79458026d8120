/**
 * Body of `/small`: 52 bytes, as in the prototype's measurements, with which ratios are compared.
 */
export const SMALL_BODY = "A small answer, as a health check or a flag has it.\n";

/** The method of a gRPC service that is called, and its message: a head of 5 bytes, then text. */
export const GRPC_PATH = "/bench.Echo/Say";
export const GRPC_MESSAGE: Buffer = Buffer.concat([
  Buffer.from([0, 0, 0, 0, 12]),
  Buffer.from("hello, world"),
]);

/** Largest head that an origin accepts: more than any proxy passes on. */
export const HEAD_BYTES_MAX = 64 * 1024;

/** Paths that begin like this get the small answer too: a job's routes, from `/route-1` on. */
export const ROUTE_PREFIX = "/route-";

/** Answers of a fixed size, by path. `/huge` is for readers that never read all of it. */
export const SIZED_ANSWERS: Readonly<Record<string, number>> = {
  "/1k": 1024,
  "/64k": 64 * 1024,
  "/1m": 1024 * 1024,
  "/huge": 64 * 1024 * 1024,
};

/**
 * The answer of `/fields`, from which the runner sees that a contender does its job: the origin's
 * own version, and the forwarding fields that it received.
 */
export type FieldsAnswer = {
  readonly version: string;
  readonly host: string;
  readonly forwardedFor: string;
};
