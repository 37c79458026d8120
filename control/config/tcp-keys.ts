import { isRecord } from "../base/record-of.ts";
import type { CrossProblem } from "./cross-problem.ts";

const NOTHING = "nothing in a service of kind tcp";

/**
 * Keys of a service that mean nothing where connections are passed on whole, by their paths, with
 * what is wanted in their place.
 */
const FOREIGN: Readonly<Record<string, string>> = {
  hosts: `${NOTHING} (a listener leads to it by tcp, perhaps by the name that TLS asks for)`,
  routes: `${NOTHING} (it knows no requests)`,
  filters: `${NOTHING} (it knows no requests)`,
  timeout: `${NOTHING} (tunnelIdleTimeout ends connections that are silent)`,
  idleTimeout: `${NOTHING} (tunnelIdleTimeout ends connections that are silent)`,
  responseTimeout: `${NOTHING} (tunnelIdleTimeout ends connections that are silent)`,
  stallTimeout: `${NOTHING} (tunnelIdleTimeout ends connections that are silent)`,
  halfCloseGrace: `${NOTHING} (one side may end, and the other goes on)`,
  maxBody: `${NOTHING} (it knows no requests)`,
  hedge: `${NOTHING} (it knows no requests)`,
  deadlineField: `${NOTHING} (it knows no fields)`,
  mirror: `${NOTHING} (it knows no requests)`,
  buffer: `${NOTHING} (it knows no bodies)`,
  keepAlive: `${NOTHING} (each client has a connection of its own)`,
  methods: `${NOTHING} (it knows no requests)`,
  tolerate: `${NOTHING} (it knows no requests)`,
  via: `${NOTHING} (upstream.proxyProtocol tells endpoints who the client is)`,
  rateLimit: `${NOTHING} (it knows no requests)`,
  debug: `${NOTHING} (it has no answers to put a field in)`,
  consul: `${NOTHING} (Consul splits HTTP alone)`,
  "affinity.cookie": "clientIp in a service of kind tcp",
  "affinity.header": "clientIp in a service of kind tcp",
  "affinity.query": "clientIp in a service of kind tcp",
  "limits.inFlight": `${NOTHING} (limits.tunnels bounds its connections)`,
  "retries.on": `${NOTHING} (it tries again only where it cannot connect)`,
  "retries.budget": `${NOTHING} (to connect elsewhere repeats no work)`,
};

/** What a service's document, whatever it is, has of keys that its kind has no use for. */
export function foreignKeys(document: unknown): CrossProblem[] {
  if (!isRecord(document) || document["kind"] !== "tcp") return [];
  return Object.entries(FOREIGN).flatMap(([key, wanted]): CrossProblem[] => {
    const path = key.split(".");
    const value = path.reduce<unknown>(
      (part, step) => (isRecord(part) && Object.hasOwn(part, step) ? part[step] : undefined),
      document,
    );
    return value === undefined ? [] : [{ path, wanted, found: foundText(value) }];
  });
}

function foundText(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return isRecord(value) ? "an object" : JSON.stringify(value);
}
