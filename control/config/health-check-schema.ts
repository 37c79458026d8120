import { z } from "zod";
import { IN_A_ROW_MAX } from "./policy-schema.ts";
import { durationFrom, matching, strict, text, whole } from "./schema-parts.ts";
import type { HealthCheck, HealthQuestion } from "./service.ts";

/** Probes more frequent than this are load, not a check. */
const PROBE_INTERVAL_MIN_MS = 100;

/** What all kinds have in common. */
const commonShape = {
  interval: durationFrom(PROBE_INTERVAL_MIN_MS, "100ms").prefault("5s"),
  timeout: durationFrom(1, "1ms").prefault("2s"),
  rise: whole(1, IN_A_ROW_MAX).default(2),
  fall: whole(1, IN_A_ROW_MAX).default(3),
};

/** The full name of a service in a .proto file: its package and its own name. */
const grpcService = matching(
  /^[A-Za-z_]\w{0,127}(?:\.[A-Za-z_]\w{0,127}){0,31}$/,
  "the full name of a service of gRPC, such as shop.Cart",
);

const byHttp = strict({
  kind: z.literal("http").optional(),
  path: text.refine((path) => /^\/[!-~]*$/.test(path), { error: "a path that begins with /" }),
  ...commonShape,
});

const byGrpc = strict({
  kind: z.literal("grpc"),
  service: grpcService.optional(),
  ...commonShape,
});

/** Longest bytes to send or expect: a question, not a load. */
const TALK_BYTES_MAX = 1_024;

const BYTES_WANTED = `a text or { hex: "0d0a" }, of 1 to ${TALK_BYTES_MAX} bytes`;

/** Bytes, read as latin1. */
const bytes = z
  .union([z.string(), strict({ hex: matching(/^(?:[0-9A-Fa-f]{2})+$/, BYTES_WANTED) })], {
    error: BYTES_WANTED,
  })
  .transform((read) =>
    (typeof read === "string" ? Buffer.from(read) : Buffer.from(read.hex, "hex")).toString(
      "latin1",
    ),
  )
  .refine(({ length }) => length > 0 && length <= TALK_BYTES_MAX, { error: BYTES_WANTED });

const byTcp = strict({
  kind: z.literal("tcp"),
  send: bytes.optional(),
  expect: bytes.optional(),
  ...commonShape,
});

type ReadHealthCheck = z.output<typeof byHttp> | z.output<typeof byGrpc> | z.output<typeof byTcp>;

/** `healthCheck`: active checks; absent: none. */
export const healthCheckSchema = z
  .discriminatedUnion("kind", [byHttp, byGrpc, byTcp])
  .transform((read): HealthCheck => {
    const { interval: intervalMs, timeout: timeoutMs, rise, fall } = read;
    return { question: questionOf(read), intervalMs, timeoutMs, rise, fall };
  });

function questionOf(read: ReadHealthCheck): HealthQuestion {
  switch (read.kind) {
    case "grpc":
      return { kind: "grpc", service: read.service ?? "" };
    case "tcp":
      return { kind: "tcp", send: read.send, expect: read.expect, proxyProtocol: undefined };
    case "http":
    case undefined:
      return { kind: "http", path: read.path };
  }
}
