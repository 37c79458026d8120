import { z } from "zod";
import type { ConsulClient } from "../consul/client.ts";
import { ConsulError } from "../consul/consul-error.ts";

/** Nodes that are asked about: a token that has lost its policy may read none at all. */
const NODES_MAX = 8;

const rightsSchema = z.array(
  z.object({ Resource: z.string(), Segment: z.string(), Allow: z.boolean() }),
);

/** What the token must be allowed to read. */
export type ReadRights = {
  /** What is being done, for the error: `read service web`. */
  readonly action: string;
  readonly service: string;
  /** undefined: that of `consul.datacenter`. */
  readonly datacenter: string | undefined;
  /** The nodes that its instances were on. */
  readonly nodes: readonly string[];
};

/**
 * Distinguishes an empty answer from a forbidden one: Consul leaves out what a token may not read
 * and answers 200 with the rest, which may be nothing. From 1.12 on the answer says so; older
 * releases are asked. undefined: the token may read everything, or it is not known.
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
    // An error without ACLs, and in releases without this path.
    .catch(() => undefined);
  const rights = rightsSchema.safeParse(answer).data ?? [];
  const denied = rights.filter(({ Allow }) => !Allow);
  if (denied.length === 0) return undefined;
  const what = denied.map(({ Resource, Segment }) => `${Resource}:read of ${Segment}`).join(", ");
  return new ConsulError("consul_denied", action, `Permission denied (the token has no ${what})`);
}

/** The error for an answer from which Consul left out what the token may not read. */
export function filteredError(action: string): ConsulError {
  const reason =
    "Consul leaves out what the token may not read (X-Consul-Results-Filtered-By-ACLs)";
  return new ConsulError("consul_denied", action, reason);
}

/** A right as Consul's API wants it. */
function read(Resource: string, Segment: string): object {
  return { Resource, Access: "read", Segment };
}
