/** Which figure of a run a row of the budget is about. */
export type Measure =
  /** Sluice's processor time per request, divided by a contender's. */
  | { readonly kind: "cpuRatio"; readonly scenario: string; readonly against: string }
  /** 99th percentile above `direct`, divided by a contender's. */
  | { readonly kind: "addedP99Ratio"; readonly against: string }
  | { readonly kind: "idleMemory" }
  | { readonly kind: "connectionMemory" }
  | { readonly kind: "tlsConnectionMemory" }
  | { readonly kind: "h2cConnectionMemory" }
  | { readonly kind: "h2ConnectionMemory" }
  | { readonly kind: "unreadMemory" }
  | { readonly kind: "shift" };

/** A promise about speed. Figures above `must` fail the run; `aim` is where we want to be. */
export type BudgetRow = {
  readonly what: string;
  readonly measure: Measure;
  /** Absent: shown for comparison. */
  readonly must?: number;
  readonly aim?: number;
  /** How the figure is written: a ratio, bytes or milliseconds. */
  readonly unit: "×" | "MiB" | "KiB" | "ms";
};

const MEBIBYTE = 2 ** 20;
const KIBIBYTE = 2 ** 10;

/** Sluice itself, in the same scenario, without what that is about: see sluicePlain. */
const PLAIN = "sluice-plain";

/** Rivals as the report names them. */
const RIVALS = { nginx: "nginx", envoy: "Envoy", "node-http2": "node:http2 doing the same" };

function cpu(against: string, what: string, must: number, aim: number): BudgetRow {
  const measure = { kind: "cpuRatio", scenario: "small", against } as const;
  return { what: `processor time a request, against ${what}`, measure, must, aim, unit: "×" };
}

function perByte(scenario: string, what: string): BudgetRow {
  const measure = { kind: "cpuRatio", scenario, against: "nginx" } as const;
  return {
    what: `processor time a byte, ${what}, against nginx`,
    measure,
    must: 1.3,
    aim: 1,
    unit: "×",
  };
}

function ratio(
  scenario: string,
  what: string,
  must: number,
  aim: number,
  against: keyof typeof RIVALS = "nginx",
): BudgetRow {
  const measure = { kind: "cpuRatio", scenario, against } as const;
  return { what: `${what}, against ${RIVALS[against]}`, measure, must, aim, unit: "×" };
}

/** What a span costs depends on what is done with it: shown, and no promise. */
function traced(percent: number): BudgetRow {
  const scenario = `small-traced-${percent}`;
  const measure = { kind: "cpuRatio", scenario, against: PLAIN } as const;
  const what = `processor time a request, traced with ${percent} % sampled, against untraced`;
  return { what, measure, unit: "×" };
}

/** HAProxy batches as nobody else does: shown, and no promise. */
function besideHaproxy(scenario: string, what: string): BudgetRow {
  const measure = { kind: "cpuRatio", scenario, against: "haproxy" } as const;
  return { what: `${what}, against HAProxy`, measure, unit: "×" };
}

function tcp(scenario: string, what: string, must: number, aim: number): BudgetRow {
  const measure = { kind: "cpuRatio", scenario, against: "haproxy-tcp" } as const;
  return { what: `${what}, against HAProxy (mode tcp)`, measure, must, aim, unit: "×" };
}

/**
 * What the hot path may cost, with everything on that is on by default. Ratios are taken in one
 * run, as an absolute number says nothing about another machine. The rows on growth:
 * bench/growth.ts.
 */
export const BUDGET: readonly BudgetRow[] = [
  cpu("nginx", "nginx", 1.1, 0.95),
  cpu("haproxy", "HAProxy (mode http)", 1.15, 1),
  // How far the floor lies below a proxy that parses is the kernel's doing: nginx is 1.2 to 1.9
  // times the floor on the machines that we had. The row against nginx says what is ours.
  {
    what: "processor time a request, against HAProxy (mode tcp), the floor",
    measure: { kind: "cpuRatio", scenario: "small", against: "haproxy-tcp" },
    unit: "×",
  },
  cpu("envoy", "Envoy", 0.55, 0.45),
  cpu("undici", "node:http + undici", 0.6, 0.45),
  cpu("http-proxy", "http-proxy", 0.3, 0.22),
  {
    what: "added p99 at half of saturation, against nginx",
    measure: { kind: "addedP99Ratio", against: "nginx" },
    must: 1.2,
    aim: 1,
    unit: "×",
  },
  perByte("answer-1m", "1 MiB answers"),
  perByte("upload-1m", "1 MiB uploads"),
  {
    what: "processor time a request, 10 000 services against 1",
    measure: { kind: "cpuRatio", scenario: "services-10000", against: PLAIN },
    must: 1.1,
    aim: 1,
    unit: "×",
  },
  {
    what: "processor time a request, with an access log against none",
    measure: { kind: "cpuRatio", scenario: "small-access-log", against: PLAIN },
    must: 1.08,
    aim: 1.05,
    unit: "×",
  },
  {
    what: "processor time a request, under a rollout against none",
    measure: { kind: "cpuRatio", scenario: "small-rollout", against: PLAIN },
    must: 1.01,
    unit: "×",
  },
  // Shown: on one processor they also cost each other's turns.
  {
    what: "processor time a request, 2 workers on one processor against 1",
    measure: { kind: "cpuRatio", scenario: "small-workers", against: PLAIN },
    unit: "×",
  },
  ratio("new-connections", "a new connection for each request", 1.4, 1.2),
  ratio("connections-1000", "1 000 busy connections", 1.2, 1),
  ...[0, 1, 100].map(traced),
  {
    what: "memory of both processes, idle",
    measure: { kind: "idleMemory" },
    must: 80 * MEBIBYTE,
    aim: 60 * MEBIBYTE,
    unit: "MiB",
  },
  {
    what: "memory an idle keep-alive connection",
    measure: { kind: "connectionMemory" },
    must: 10 * KIBIBYTE,
    aim: 4 * KIBIBYTE,
    unit: "KiB",
  },
  ratio("tls-in", "TLS from the client", 1.3, 1.1),
  ratio("tls-in", "TLS from the client", 0.5, 0.4, "envoy"),
  ratio("tls-out", "TLS to the endpoint", 1.3, 1.1),
  ratio("tls-both", "TLS in, mTLS out", 1.4, 1.2),
  ratio("tls-full", "a full handshake and a GET", 1.45, 1.2),
  ratio("tls-resumed", "a resumed handshake and a GET", 1.2, 1.05),
  ratio("tls-1m", "1 MiB answers over TLS", 1, 0.8),
  tcp("tcp-messages", "TCP, a message", 1.5, 1.3),
  tcp("tcp-connections", "TCP, a connection", 1.8, 1.5),
  tcp("tcp-bulk", "TCP, 1 MiB answers", 1.1, 0.9),
  {
    what: "memory an idle keep-alive connection over TLS",
    measure: { kind: "tlsConnectionMemory" },
    must: 48 * KIBIBYTE,
    aim: 32 * KIBIBYTE,
    unit: "KiB",
  },
  ratio("h2c-m16", "h2c from the client, 16 streams", 0.95, 0.7),
  ratio("h2c-m1", "h2c from the client, 1 stream", 1.1, 0.85),
  ratio("h2-m16", "h2 over TLS from the client, 16 streams", 1, 0.75),
  ratio("h2-m1", "h2 over TLS from the client, 1 stream", 1.2, 1.05),
  besideHaproxy("h2-m16", "h2 over TLS from the client, 16 streams"),
  ratio("h2-m16", "h2 over TLS from the client, 16 streams", 0.45, 0.3, "envoy"),
  ratio("h2c-m16", "h2c from the client, 16 streams", 0.55, 0.4, "node-http2"),
  ratio("grpc-m16", "gRPC unary, 16 streams", 0.65, 0.4),
  ratio("grpc-m1", "gRPC unary, 1 stream", 0.85, 0.6),
  ratio("grpc-m16", "gRPC unary, 16 streams", 0.45, 0.3, "envoy"),
  ratio("grpc-m16", "gRPC unary, 16 streams", 0.25, 0.12, "node-http2"),
  ratio("h2-both", "h2 over TLS on both sides", 0.45, 0.3, "envoy"),
  ratio("h2c-1m", "1 MiB answers over h2c", 0.9, 0.65),
  ratio("h2-1m", "1 MiB answers over h2 and TLS", 1.05, 0.8),
  {
    what: "memory an idle connection of h2c",
    measure: { kind: "h2cConnectionMemory" },
    must: 12 * KIBIBYTE,
    aim: 5 * KIBIBYTE,
    unit: "KiB",
  },
  {
    what: "memory an idle connection of h2 over TLS",
    measure: { kind: "h2ConnectionMemory" },
    must: 56 * KIBIBYTE,
    aim: 40 * KIBIBYTE,
    unit: "KiB",
  },
  {
    what: "memory a connection whose answer is not read",
    measure: { kind: "unreadMemory" },
    must: 256 * KIBIBYTE,
    unit: "KiB",
  },
  {
    what: "shift by API until the worker acts on it, p99",
    measure: { kind: "shift" },
    must: 5,
    aim: 1,
    unit: "ms",
  },
];
