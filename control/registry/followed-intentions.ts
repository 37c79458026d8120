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

/** They change by people's hands; a controller that writes all the time costs no more than this. */
const LIMIT = { burst: 5, refillMs: 500 };

/** A source that no intention names: what holds for it is what holds without an intention. */
const NOBODY = "sluice-default-of-intentions";

const checkSchema = z.object({ Allowed: z.boolean() });

/** What holds for a service, but for the trust domain. */
export type FoundIntentions = Omit<Intentions, "trustDomain"> & Pick<IntentionAnswer, "flaws">;

/**
 * Follows the intentions whose destination is a service. Consul answers `match` without an index to
 * wait for, so the list of all is waited for (only its changes around this service), and `match`
 * asked after each of them: it refuses a token that may not read them, where the list would just be
 * shorter.
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
    // A change judges open connections again, however many watches there are.
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
 * Whether Consul allows what no intention is about. It does not say so, so it is asked about
 * somebody whom no intention names. Where one is about everybody, that is what the answer would
 * tell: then another destination is asked about, and where that is no use either, the default
 * counts as deny (it matters only for requests that no permission fits).
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
    // The token may read its own service only.
    const isDenied = error instanceof ConsulError && error.code === "consul_denied";
    if (isDenied && destination === NOBODY) return false;
    throw error;
  }
}

/** Without a leader nothing changes, and what any server has is the best there is. */
async function askLeader(client: ConsulClient, request: ConsulRequest): Promise<ConsulAnswer> {
  try {
    return await client.request(request);
  } catch (error) {
    const isLed = !(error instanceof ConsulError) || error.code !== "consul_no_leader";
    if (isLed) throw error;
    return client.request({ ...request, query: { ...request.query, stale: "" } });
  }
}
