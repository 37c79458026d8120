import type { Agent } from "node:http";
import { isIPv6 } from "node:net";
import Consul from "consul";
import { Pool } from "undici";
import { http, nodeHttps } from "../base/node-http.ts";

/** How long a connect may take. Agents are on this machine or one hop away. */
const CONNECT_TIMEOUT_MS = 2_000;
/** Largest answer that is read. 10 000 instances of a service are about 15 MiB. */
export const ANSWER_BYTES_MAX = 32 * 1024 * 1024;

/** Where Consul is and who we are in its eyes. */
export type ConsulOptions = {
  /** `http://127.0.0.1:8500`, `https://…`, either with a path, or `unix:///run/consul.sock`. */
  readonly address: string;
  /** ACL token. undefined or "": the agent's default token. */
  readonly token?: string | undefined;
  /** undefined: the agent's own. */
  readonly datacenter?: string | undefined;
  /** Of Consul Enterprise. undefined: none is named. */
  readonly namespace?: string | undefined;
  /** Admin partition, of Consul Enterprise from 1.11 on. undefined: the agent's own. */
  readonly partition?: string | undefined;
  readonly tls?: ConsulTls | undefined;
  /** How long a blocking query waits. undefined: the default of the client. */
  readonly waitMs?: number | undefined;
};

/** PEM texts, not paths: whoever reads the files says which one is unreadable. */
export type ConsulTls = {
  /** Trusted in place of the system's authorities. */
  readonly ca?: string | undefined;
  /** Ours, when the agent has verify_incoming. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** Name to verify in place of the address, e.g. `server.dc1.consul`. */
  readonly serverName?: string | undefined;
  /** Takes any certificate: for trying things out. */
  readonly insecure?: boolean | undefined;
};

/** Where an agent is, taken apart. */
export type AgentPlace = {
  /** `http://10.0.0.1:8500`; of a socket file one that nobody resolves. */
  readonly origin: string;
  /** Stands before `/v1` in each request, such as `/consul`; "": nothing does. */
  readonly prefix: string;
  /** A socket file. undefined: the origin is where it is. */
  readonly socketPath: string | undefined;
};

/** What the package sends, and over what. */
export type PackageSettings = {
  readonly headers: Readonly<Record<string, string>>;
  /** How long a call may take. */
  readonly timeoutMs: number;
  readonly agent: Agent;
};

/** Reads `http://…`, `https://…`, both also with a path, or `unix:///…`. */
export function agentPlace(address: string): AgentPlace {
  if (address.startsWith("unix://")) {
    const socketPath = address.slice("unix://".length);
    return { origin: "http://localhost", prefix: "", socketPath };
  }
  const { origin, pathname } = new URL(address);
  return { origin, prefix: pathname.replace(/\/+$/, ""), socketPath: undefined };
}

/** Connections for requests that are ours, `requests` over each; opens none yet. */
export function openPool(
  { address, tls }: ConsulOptions,
  connections: number,
  requests?: number,
): Pool {
  const { origin, socketPath } = agentPlace(address);
  return new Pool(origin, {
    connections,
    pipelining: 1,
    ...(requests !== undefined && { maxRequestsPerClient: requests }),
    allowH2: false,
    maxResponseSize: ANSWER_BYTES_MAX,
    connect: {
      timeout: CONNECT_TIMEOUT_MS,
      ...(socketPath !== undefined && { socketPath }),
      ...tlsOptions(tls),
    },
  });
}

/** Connections for the package `consul`; opens none yet. */
export function openAgent({ address, tls }: ConsulOptions, connections: number): Agent {
  const { origin, socketPath } = agentPlace(address);
  const host = new URL(origin).hostname.replace(/^\[|\]$/g, "");
  const settings = {
    keepAlive: true,
    maxSockets: connections,
    // Consul counts idle connections too.
    maxFreeSockets: 1,
    // The package would have a name of this text, brackets included, resolved.
    ...(isIPv6(host) && { host }),
    ...(socketPath !== undefined && { socketPath }),
    ...tlsOptions(tls),
  };
  return origin.startsWith("https:") ? new (nodeHttps().Agent)(settings) : new http.Agent(settings);
}

/** The package `consul` over these connections, which others may share. */
export function openPackage({ address }: ConsulOptions, settings: PackageSettings): Consul {
  const { origin, prefix } = agentPlace(address);
  const { headers, timeoutMs: timeout, agent } = settings;
  // Not all of them are in the package's types; its base class (papi) takes them.
  const wanted = { baseUrl: new URL(`${origin}${prefix}/v1`), headers, timeout, agent };
  return new Consul(wanted);
}

function tlsOptions(tls: ConsulTls = {}): Record<string, string | boolean> {
  return {
    ...(tls.insecure === true && { rejectUnauthorized: false }),
    ...(tls.ca !== undefined && { ca: tls.ca }),
    ...(tls.cert !== undefined && { cert: tls.cert }),
    ...(tls.key !== undefined && { key: tls.key }),
    ...(tls.serverName !== undefined && { servername: tls.serverName }),
  };
}
