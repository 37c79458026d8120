import type { Ability } from "./contenders/contender.ts";
import { GRPC_MESSAGE, GRPC_PATH } from "./origin/answers.ts";

/** How the contenders of a scenario are configured; see jobFor. */
export type JobKind =
  | "plain"
  | "affinity"
  | "services"
  | "tunnel"
  /** TLS 1.3 from clients, to endpoints, or both; then with a certificate of the contender's. */
  | "tls-in"
  | "tls-out"
  | "tls-both"
  /** Connections are split as they are, and nothing of HTTP is looked at. */
  | "tcp"
  /** Each request is a line of the access log. */
  | "access-log"
  /** Each request is part of a trace, and none, one of a hundred, or each of them is sampled. */
  | "traced-0"
  | "traced-1"
  | "traced-100"
  /** A rollout is under way: what its versions do is counted, and judged each second. */
  | "rollout"
  /** Two workers, which share the contender's processor. */
  | "workers"
  /** HTTP/2 from clients, in clear or over TLS. */
  | "h2c-in"
  | "h2-in"
  /** HTTP/2 on both sides: gRPC in clear, or anything over TLS. */
  | "grpc"
  | "h2-both";

/** A kind of traffic. */
export type Scenario = {
  readonly name: string;
  readonly title: string;
  readonly job: JobKind;
  readonly path: string;
  readonly method: "GET" | "POST";
  readonly fields: Readonly<Record<string, string>>;
  readonly bodyBytes: number;
  readonly connections: number;
  /** Requests that each connection has under way. 1 with HTTP/1.1. */
  readonly streams: number;
  readonly newConnections: boolean;
  /** any: wrk where it is installed, as it takes the least of the load's processor. */
  readonly tool: "any" | "autocannon" | "websockets" | "handshakes" | "resumptions" | "h2load";
  /** What a contender must be able to do to take part. */
  readonly needs: Ability;
  /** Part of `--quick`. all: with every contender. rivals: with those that a budget row names. */
  readonly quick: "all" | "rivals" | "no";
};

/** The scenario that latency, memory and most of the budget are about. */
export const MAIN_SCENARIO = "small";
/** Number of services in the scenario of that name, which the budget speaks of. */
export const MANY_SERVICES = 10_000;

const BASE = {
  job: "plain",
  path: "/small",
  method: "GET",
  fields: {},
  bodyBytes: 0,
  connections: 64,
  streams: 1,
  newConnections: false,
  tool: "any",
  needs: "http",
  quick: "no",
} as const;

const TLS = { job: "tls-in", needs: "tls" } as const;
const TCP = { job: "tcp", needs: "tcp" } as const;
/** A few connections with many streams, and many connections with one stream each. */
const STREAMS_16 = { tool: "h2load", connections: 8, streams: 16 } as const;
const STREAMS_1 = { tool: "h2load", connections: 64, streams: 1 } as const;
const H2C = { job: "h2c-in", needs: "h2" } as const;
const H2 = { job: "h2-in", needs: "h2" } as const;
/** A unary call with a message of a dozen bytes each way. */
const GRPC = {
  job: "grpc",
  needs: "grpc",
  path: GRPC_PATH,
  method: "POST",
  fields: { "content-type": "application/grpc", te: "trailers" },
  bodyBytes: GRPC_MESSAGE.length,
} as const;
const HANDSHAKE = { connections: 16, newConnections: true } as const;

const MEBIBYTE = 1024 * 1024;
const LARGE = { path: "/1m", connections: 16 } as const;

/** Fields of a browser behind a CDN: 20 with Host. */
const TWENTY_FIELDS: Readonly<Record<string, string>> = {
  "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
  accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
  "accept-language": "en-GB,en;q=0.7,de;q=0.3",
  "accept-encoding": "gzip, deflate, br, zstd",
  referer: "https://shop.example/catalogue/lamps?page=3",
  cookie: "theme=dark; session=0123456789abcdef0123456789abcdef; consent=yes",
  dnt: "1",
  "sec-gpc": "1",
  "upgrade-insecure-requests": "1",
  "sec-fetch-dest": "document",
  "sec-fetch-mode": "navigate",
  "sec-fetch-site": "same-origin",
  "sec-fetch-user": "?1",
  priority: "u=0, i",
  "cache-control": "no-cache",
  pragma: "no-cache",
  "cdn-loop": "cdn.example",
  "x-edge-region": "fra",
  traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
};

/** Everything that is measured with closed loops, in the order of the report. */
export const SCENARIOS: readonly Scenario[] = [
  { ...BASE, name: MAIN_SCENARIO, title: "small GET, 64 connections", quick: "all" },
  {
    ...BASE,
    name: "small-autocannon",
    title: "the same, load by autocannon",
    tool: "autocannon",
  },
  {
    ...BASE,
    name: "small-access-log",
    title: "the same, with an access log",
    job: "access-log",
    needs: "access-log",
  },
  {
    ...BASE,
    name: "small-rollout",
    title: "the same, under a rollout",
    job: "rollout",
    needs: "rollout",
  },
  {
    ...BASE,
    name: "small-workers",
    title: "the same, with two workers on that processor",
    job: "workers",
    needs: "workers",
  },
  ...([0, 1, 100] as const).map((percent) => ({
    ...BASE,
    name: `small-traced-${percent}`,
    title: `the same, traced, ${percent} % of it sampled`,
    job: `traced-${percent}` as const,
    needs: "traces" as const,
  })),
  { ...BASE, name: "connections-10", title: "10 connections", connections: 10 },
  { ...BASE, name: "connections-100", title: "100 connections", connections: 100 },
  { ...BASE, name: "connections-1000", title: "1 000 connections", connections: 1000 },
  { ...BASE, name: "fields-20", title: "20 request fields", fields: TWENTY_FIELDS },
  {
    ...BASE,
    name: "new-connections",
    title: "new connection per request (autocannon)",
    newConnections: true,
    tool: "autocannon",
  },
  { ...BASE, name: "answer-1k", title: "1 KiB answers", path: "/1k" },
  { ...BASE, name: "answer-64k", title: "64 KiB answers", path: "/64k" },
  {
    ...BASE,
    name: "answer-1m",
    title: "1 MiB answers, 16 connections",
    path: "/1m",
    connections: 16,
    quick: "rivals",
  },
  { ...BASE, ...upload(1024), name: "upload-1k", title: "1 KiB uploads" },
  {
    ...BASE,
    ...upload(MEBIBYTE),
    name: "upload-1m",
    title: "1 MiB uploads, 16 connections",
    connections: 16,
    quick: "rivals",
  },
  {
    ...BASE,
    name: "websocket",
    title: "WebSocket echo, a message and its answer",
    job: "tunnel",
    tool: "websockets",
    needs: "tunnel",
  },
  {
    ...BASE,
    name: "affinity",
    title: "affinity by cookie",
    job: "affinity",
    needs: "affinity",
    fields: { cookie: "sid=0123456789abcdef" },
  },
  {
    ...BASE,
    name: "services-10000",
    title: "10 000 services",
    job: "services",
    needs: "services",
  },
  { ...BASE, ...TLS, name: "tls-in", title: "TLS from the client" },
  { ...BASE, ...TLS, name: "tls-out", title: "TLS to the endpoint", job: "tls-out" },
  { ...BASE, ...TLS, name: "tls-both", title: "TLS in, mTLS out", job: "tls-both" },
  {
    ...BASE,
    ...TLS,
    name: "tls-1m",
    title: "1 MiB answers over TLS, 16 connections",
    path: "/1m",
    connections: 16,
  },
  {
    ...BASE,
    ...TLS,
    ...HANDSHAKE,
    name: "tls-full",
    title: "a full TLS handshake and a GET",
    tool: "handshakes",
  },
  {
    ...BASE,
    ...TLS,
    ...HANDSHAKE,
    name: "tls-resumed",
    title: "a resumed TLS handshake and a GET",
    tool: "resumptions",
  },
  { ...BASE, ...TCP, name: "tcp-messages", title: "TCP, a message and its answer" },
  {
    ...BASE,
    ...TCP,
    name: "tcp-connections",
    title: "TCP, a connection for each message (autocannon)",
    newConnections: true,
    tool: "autocannon",
  },
  {
    ...BASE,
    ...TCP,
    name: "tcp-bulk",
    title: "TCP, 1 MiB answers, 16 connections",
    path: "/1m",
    connections: 16,
  },
  { ...BASE, ...H2C, ...STREAMS_16, name: "h2c-m16", title: "h2c, 8 connections of 16 streams" },
  { ...BASE, ...H2C, ...STREAMS_1, name: "h2c-m1", title: "h2c, 64 connections" },
  { ...BASE, ...H2, ...STREAMS_16, name: "h2-m16", title: "h2 over TLS, 8 of 16 streams" },
  { ...BASE, ...H2, ...STREAMS_1, name: "h2-m1", title: "h2 over TLS, 64 connections" },
  { ...BASE, ...H2C, ...STREAMS_1, ...LARGE, name: "h2c-1m", title: "1 MiB answers over h2c" },
  { ...BASE, ...H2, ...STREAMS_1, ...LARGE, name: "h2-1m", title: "1 MiB answers over h2 and TLS" },
  { ...BASE, ...GRPC, ...STREAMS_16, name: "grpc-m16", title: "gRPC unary, 8 of 16 streams" },
  { ...BASE, ...GRPC, ...STREAMS_1, name: "grpc-m1", title: "gRPC unary, 64 connections" },
  {
    ...BASE,
    ...STREAMS_16,
    name: "h2-both",
    title: "h2 over TLS on both sides, 8 of 16 streams",
    job: "h2-both",
    needs: "h2-both",
  },
];

/** The scenarios of HTTP/2, which `--scenario http2` means. */
export const HTTP2_SCENARIOS: readonly string[] = SCENARIOS.filter(
  ({ tool }) => tool === "h2load",
).map(({ name }) => name);

function upload(bodyBytes: number): Pick<Scenario, "path" | "method" | "bodyBytes"> {
  return { path: "/upload", method: "POST", bodyBytes };
}
