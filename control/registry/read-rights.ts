import { z } from "zod";
import type { ConsulClient } from "../consul/client.ts";
import { ConsulError } from "../consul/consul-error.ts";

/** Nodes whose rights are asked about: a token that has lost its policy may read none of them. */
const NODES_MAX = 8;

const rightsSchema = z.array(
  z.object({ Resource: z.string(), Segment: z.string(), Allow: z.boolean() }),
);

/** What the token must be allowed to read. */
export type ReadRights = {
  /** What it wants to do, for the error: `read service web`. */
  readonly action: string;
  readonly service: string;
  /** undefined: in that of `consul.datacenter`. */
  readonly datacenter: string | undefined;
  /** Where its instances were. */
  readonly nodes: readonly string[];
};

/**
 * Consul leaves out what a token may not read, and answers 200 with the rest, which may be nothing:
 * this tells an empty answer from a forbidden one. Releases from 1.12 on say so in the answer, and
 * for others Consul is asked. undefined: it may read all of it, or nobody knows.
 */
export async function deniedRead(
  client: ConsulClient,
  { action, service, datacenter, nodes }: ReadRights,
  signal: AbortSignal,
): Promise<ConsulError | undefined> {
  const wanted = [
    read("service", service),
    ...nodes.slice(0, NODES_MAX).map((node) => read("node", node)),
  ];
  const answer = await client
    .json({
      action: "ask for the token's rights",
      method: "POST",
      path: "internal/acl/authorize",
      query: datacenter === undefined ? {} : { dc: datacenter },
      body: JSON.stringify(wanted),
      signal,
    })
    // Without ACLs, and in releases without this path, it is an error.
    .catch(() => undefined);
  const rights = rightsSchema.safeParse(answer).data ?? [];
  const denied = rights.filter(({ Allow }) => !Allow);
  if (denied.length === 0) return undefined;
  const what = denied.map(({ Resource, Segment }) => `${Resource}:read of ${Segment}`).join(", ");
  return new ConsulError("consul_denied", action, `Permission denied (the token has no ${what})`);
}

/** The error for an answer from which Consul has left out what the token may not read. */
export function filteredError(action: string): ConsulError {
  const reason =
    "Consul leaves out what the token may not read (X-Consul-Results-Filtered-By-ACLs)";
  return new ConsulError("consul_denied", action, reason);
}

/** A right in the words of Consul's API. */
function read(Resource: string, Segment: string): object {
  return { Resource, Access: "read", Segment };
}
