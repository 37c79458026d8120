/** The kinds of Consul's config entries that an import reads. */
export type EntryKind = "service-router" | "service-splitter" | "service-resolver";

/**
 * What an import does with a key of Consul's. translated: our document says it. bookkeeping:
 * Consul's own, nothing is said of it. ignored: harmless, said with the reason. refused: unless the
 * value is one of `except`, each with what is said of it ("": nothing). here: a namespace or
 * partition, refused unless it is the entry's own.
 */
export type KeyHandling =
  | { readonly kind: "translated" }
  | { readonly kind: "bookkeeping" }
  | { readonly kind: "ignored"; readonly reason: string }
  | {
      readonly kind: "refused";
      readonly advice: string;
      readonly except?: ReadonlyMap<unknown, string>;
    }
  | { readonly kind: "here"; readonly advice: string };

const TRANSLATED: KeyHandling = { kind: "translated" };
const BOOKKEEPING: KeyHandling = { kind: "bookkeeping" };

const HEADERS = refused(
  "Sluice does not change header fields by configuration; a filter can (docs/filters.md)",
);
const FAR = refused(
  "a version's endpoints come from one datacenter; a prepared query of Consul's can fail over to " +
    "a peer, and `consul: { query }` of a version follows it",
);
const HERE: KeyHandling = {
  kind: "here",
  advice: "a version's endpoints come from one namespace and partition, those of the agent",
};
const LOCALITY = refused(
  "Sluice knows no localities; give the instances of each zone a version with a `filter`",
);
const STICKY = refused(
  "Sluice keeps no client at an endpoint; `affinity` keeps it at a version (docs/splitting.md)",
);
const CONDITION = refused(
  "a route of Sluice compares exact values; name each value in a route of its own",
);
const PATH = refused(
  "a route of Sluice takes an exact path or a prefix; write it as routes of these",
);
const CASE = refused("Sluice tells upper and lower case apart; name each spelling in a route");

/** Keys that all entries have. */
const COMMON: readonly (readonly [string, KeyHandling])[] = [
  ["Kind", TRANSLATED],
  ["Name", TRANSLATED],
  ["Namespace", ignored("the file says it for all services: `consul.namespace`")],
  ["Partition", ignored("it is the agent's own")],
  ["Meta", ignored("a service of Sluice has no labels")],
  ["CreateIndex", BOOKKEEPING],
  ["ModifyIndex", BOOKKEEPING],
  ["Hash", BOOKKEEPING],
];

const SPLITTER: readonly (readonly [string, KeyHandling])[] = [
  ["Splits[].Weight", TRANSLATED],
  ["Splits[].Service", TRANSLATED],
  ["Splits[].ServiceSubset", TRANSLATED],
  ["Splits[].Namespace", HERE],
  ["Splits[].Partition", HERE],
  ["Splits[].RequestHeaders", HEADERS],
  ["Splits[].ResponseHeaders", HEADERS],
];

const RESOLVER: readonly (readonly [string, KeyHandling])[] = [
  ["DefaultSubset", TRANSLATED],
  ["Subsets.*.Filter", TRANSLATED],
  ["Subsets.*.OnlyPassing", TRANSLATED],
  ["Redirect.Service", TRANSLATED],
  ["Redirect.ServiceSubset", TRANSLATED],
  ["Redirect.Namespace", HERE],
  ["Redirect.Partition", HERE],
  ["Redirect.Datacenter", TRANSLATED],
  ["Redirect.Peer", FAR],
  ["Redirect.SamenessGroup", FAR],
  ["Failover.*.Service", TRANSLATED],
  ["Failover.*.ServiceSubset", TRANSLATED],
  ["Failover.*.Namespace", HERE],
  ["Failover.*.Datacenters", TRANSLATED],
  ["Failover.*.Targets[].Service", TRANSLATED],
  ["Failover.*.Targets[].ServiceSubset", TRANSLATED],
  ["Failover.*.Targets[].Namespace", HERE],
  ["Failover.*.Targets[].Partition", HERE],
  ["Failover.*.Targets[].Datacenter", TRANSLATED],
  ["Failover.*.Targets[].Peer", FAR],
  ["Failover.*.Policy.Mode", { ...LOCALITY, except: new Map([["sequential", ""]]) }],
  ["Failover.*.Policy.Regions", LOCALITY],
  ["Failover.*.SamenessGroup", FAR],
  ["ConnectTimeout", TRANSLATED],
  ["RequestTimeout", TRANSLATED],
  ["PrioritizeByLocality.Mode", { ...LOCALITY, except: new Map([["none", ""]]) }],
  ["LoadBalancer.Policy", { ...STICKY, except: balancers() }],
  ["LoadBalancer.RingHashConfig", STICKY],
  ["LoadBalancer.LeastRequestConfig", ignored("Sluice compares two endpoints")],
  ["LoadBalancer.HashPolicies", STICKY],
];

const ROUTER: readonly (readonly [string, KeyHandling])[] = [
  ["Routes[].Match.HTTP.PathExact", TRANSLATED],
  ["Routes[].Match.HTTP.PathPrefix", TRANSLATED],
  ["Routes[].Match.HTTP.PathRegex", PATH],
  ["Routes[].Match.HTTP.CaseInsensitive", CASE],
  ["Routes[].Match.HTTP.Header[].Name", TRANSLATED],
  ["Routes[].Match.HTTP.Header[].Exact", TRANSLATED],
  ["Routes[].Match.HTTP.Header[].Present", CONDITION],
  ["Routes[].Match.HTTP.Header[].Prefix", CONDITION],
  ["Routes[].Match.HTTP.Header[].Suffix", CONDITION],
  ["Routes[].Match.HTTP.Header[].Contains", CONDITION],
  ["Routes[].Match.HTTP.Header[].Regex", CONDITION],
  ["Routes[].Match.HTTP.Header[].Invert", CONDITION],
  ["Routes[].Match.HTTP.Header[].IgnoreCase", CASE],
  ["Routes[].Match.HTTP.QueryParam[].Name", TRANSLATED],
  ["Routes[].Match.HTTP.QueryParam[].Exact", TRANSLATED],
  ["Routes[].Match.HTTP.QueryParam[].Present", CONDITION],
  ["Routes[].Match.HTTP.QueryParam[].Regex", CONDITION],
  ["Routes[].Match.HTTP.Methods", TRANSLATED],
  ["Routes[].Destination.Service", TRANSLATED],
  ["Routes[].Destination.ServiceSubset", TRANSLATED],
  ["Routes[].Destination.Namespace", HERE],
  ["Routes[].Destination.Partition", HERE],
  ["Routes[].Destination.PrefixRewrite", refused("Sluice forwards a path as it was sent")],
  ["Routes[].Destination.RequestTimeout", TRANSLATED],
  ["Routes[].Destination.IdleTimeout", TRANSLATED],
  ["Routes[].Destination.NumRetries", TRANSLATED],
  ["Routes[].Destination.RetryOnConnectFailure", TRANSLATED],
  ["Routes[].Destination.RetryOnStatusCodes", TRANSLATED],
  ["Routes[].Destination.RetryOn", TRANSLATED],
  ["Routes[].Destination.RequestHeaders", HEADERS],
  ["Routes[].Destination.ResponseHeaders", HEADERS],
];

/**
 * Every key of Consul's entries, from 1.8 to 1.22: api/config_entry_discoverychain.go and the
 * reference of config entries. `[]` is each of a list, `*` each name. A key stands for all that is
 * below it.
 */
export const CONSUL_KEYS: ReadonlyMap<EntryKind, ReadonlyMap<string, KeyHandling>> = new Map([
  ["service-router", new Map([...COMMON, ...ROUTER])],
  ["service-splitter", new Map([...COMMON, ...SPLITTER])],
  ["service-resolver", new Map([...COMMON, ...RESOLVER])],
]);

function balancers(): ReadonlyMap<string, string> {
  const spread = "Sluice sends to the less loaded of two endpoints";
  return new Map([
    ["least_request", ""],
    ["random", spread],
    ["round_robin", spread],
  ]);
}

function refused(advice: string): Extract<KeyHandling, { readonly kind: "refused" }> {
  return { kind: "refused", advice };
}

function ignored(reason: string): KeyHandling {
  return { kind: "ignored", reason };
}
