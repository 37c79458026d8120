import { z } from "zod";
import type { Intentions } from "../../proxy/intentions/intentions.ts";
import { parseAnswer } from "../consul/answer.ts";
import type { ConsulClient, ConsulRequest } from "../consul/client.ts";
import type { ConsulAnswer } from "../consul/answer.ts";
import { ConsulError } from "../consul/consul-error.ts";
import { FollowedPath } from "./followed-path.ts";
import type { FollowedPathDeps } from "./followed-path.ts";
import { parseIntentions } from "./intention-answer.ts";
import type { IntentionAnswer } from "./intention-answer.ts";

/** People change them by hand; a controller that keeps writing costs no more than this. */
const LIMIT = { burst: 5, refillMs: 500 };

/** A source that no intention names, for which the default holds. */
const NOBODY = "sluice-default-of-intentions";

const checkSchema = z.object({ Allowed: z.boolean() });

/** The intentions of a service, without the trust domain. */
export type FoundIntentions = Omit<Intentions, "trustDomain"> & Pick<IntentionAnswer, "flaws">;

/**
 * Follows the intentions whose destination is a service. Consul gives `match` no index to wait for,
 * so we wait on the list, filtered to this service, and ask `match` after each change. `match` also
 * refuses a token that may not read intentions, where the list would just be shorter.
 */
export function followIntentions(
  deps: FollowedPathDeps,
  service: string,
  onIntentions: (found: FoundIntentions) => void,
): FollowedPath<FoundIntentions> {
  const filter = `DestinationName == ${JSON.stringify(service)} or DestinationName == "*"`;
  const target = {
    action: `follow the intentions of ${service}`,
    path: "connect/intentions",
    query: { filter },
    stale: true,
    // A change applies to open connections too, so it must not wait behind other watches.
    isUrgent: true,
    limit: LIMIT,
  };
  return new FollowedPath(deps, target, {
    read: async (_, signal) => readIntentions(deps.client, service, signal),
    onValue: onIntentions,
  });
}

async function readIntentions(
  client: ConsulClient,
  service: string,
  signal: AbortSignal,
): Promise<FoundIntentions> {
  const action = `read the intentions of ${service}`;
  const { text } = await askLeader(client, {
    action,
    path: "connect/intentions/match",
    query: { by: "destination", name: service },
    signal,
  });
  const { list, flaws, wildcard } = parseIntentions(action, text, service);
  const isOpen = await isAllowedByDefault(client, service, wildcard, signal);
  return { list, flaws, defaultAction: isOpen ? "allow" : "deny" };
}

/**
 * Whether Consul allows what no intention is about. It does not say so itself, so we ask about a
 * source that no intention names. If an intention is about all sources, that would answer for it,
 * so we ask about another destination. If that does not help either, the default counts as deny,
 * which then matters only for requests that no permission fits.
 */
async function isAllowedByDefault(
  client: ConsulClient,
  service: string,
  wildcard: IntentionAnswer["wildcard"],
  signal: AbortSignal,
): Promise<boolean> {
  if (wildcard === "all") return false;
  const destination = wildcard === "none" ? service : NOBODY;
  const action = `ask what holds without an intention for ${destination}`;
  const path = "connect/intentions/check";
  try {
    const query = { source: NOBODY, destination };
    const { text } = await askLeader(client, { action, path, query, signal });
    return checkSchema.safeParse(parseAnswer(action, text)).data?.Allowed ?? false;
  } catch (error) {
    // The token may only read its own service.
    const isDenied = error instanceof ConsulError && error.code === "consul_denied";
    if (isDenied && destination === NOBODY) return false;
    throw error;
  }
}

/** Asks any server while there is no leader: nothing can change meanwhile. */
async function askLeader(client: ConsulClient, request: ConsulRequest): Promise<ConsulAnswer> {
  try {
    return await client.request(request);
  } catch (error) {
    const isLed = !(error instanceof ConsulError) || error.code !== "consul_no_leader";
    if (isLed) throw error;
    return client.request({ ...request, query: { ...request.query, stale: "" } });
  }
}
