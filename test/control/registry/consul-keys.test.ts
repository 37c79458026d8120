import { expect, test } from "vitest";
import { CONSUL_KEYS } from "../../../control/registry/consul-keys.ts";
import type { EntryKind } from "../../../control/registry/consul-keys.ts";

const HEADER_CHANGES = ["Add", "Set", "Remove"];

/** Keys of all three kinds, from the structures of agent/structs and api of Consul 1.8 to 1.22. */
const ALL = "Kind Name Namespace Partition Meta CreateIndex ModifyIndex Hash".split(" ");

/** Written from Consul's reference of config entries, each with the versions' api package. */
const DOCUMENTED: Readonly<Record<EntryKind, readonly string[]>> = {
  "service-splitter": [
    ...under("Splits[]", "Weight Service ServiceSubset Namespace Partition"),
    ...HEADER_CHANGES.map((key) => `Splits[].RequestHeaders.${key}`),
    ...HEADER_CHANGES.map((key) => `Splits[].ResponseHeaders.${key}`),
  ],
  "service-resolver": [
    "DefaultSubset",
    "ConnectTimeout",
    "RequestTimeout",
    "PrioritizeByLocality.Mode",
    ...under("Subsets.*", "Filter OnlyPassing"),
    ...under("Redirect", "Service ServiceSubset Namespace Partition Datacenter Peer SamenessGroup"),
    ...under("Failover.*", "Service ServiceSubset Namespace Datacenters SamenessGroup"),
    ...under("Failover.*.Policy", "Mode Regions"),
    ...under("Failover.*.Targets[]", "Service ServiceSubset Namespace Partition Datacenter Peer"),
    ...under("LoadBalancer", "Policy"),
    ...under("LoadBalancer.RingHashConfig", "MinimumRingSize MaximumRingSize"),
    ...under("LoadBalancer.LeastRequestConfig", "ChoiceCount"),
    ...under(
      "LoadBalancer.HashPolicies[]",
      // The last two were called otherwise in the api package of 1.8 and 1.9.
      "Field FieldValue SourceIP Terminal FieldMatchValue SourceAddress",
    ),
    ...under("LoadBalancer.HashPolicies[].CookieConfig", "Session TTL Path"),
  ],
  "service-router": [
    ...under("Routes[].Match.HTTP", "PathExact PathPrefix PathRegex CaseInsensitive Methods"),
    ...under(
      "Routes[].Match.HTTP.Header[]",
      "Name Present Exact Prefix Suffix Contains Regex Invert IgnoreCase",
    ),
    ...under("Routes[].Match.HTTP.QueryParam[]", "Name Present Exact Regex"),
    ...under("Routes[].Destination", "Service ServiceSubset Namespace Partition PrefixRewrite"),
    ...under("Routes[].Destination", "RequestTimeout IdleTimeout NumRetries"),
    ...under("Routes[].Destination", "RetryOnConnectFailure RetryOnStatusCodes RetryOn"),
    ...HEADER_CHANGES.map((key) => `Routes[].Destination.RequestHeaders.${key}`),
    ...HEADER_CHANGES.map((key) => `Routes[].Destination.ResponseHeaders.${key}`),
  ],
};

function under(above: string, keys: string): readonly string[] {
  return keys.split(" ").map((key) => `${above}.${key}`);
}

function stands(key: string, above: string): boolean {
  return key === above || key.startsWith(`${above}.`) || key.startsWith(`${above}[]`);
}

const KINDS = Object.entries(DOCUMENTED) as [EntryKind, readonly string[]][];

test.each(KINDS)("every key of Consul's %s is in the table, and no other", (kind, documented) => {
  const keys = [...(CONSUL_KEYS.get(kind)?.keys() ?? [])];
  const all = [...ALL, ...documented];
  expect(all.filter((key) => !keys.some((above) => stands(key, above)))).toEqual([]);
  expect(keys.filter((above) => !all.some((key) => stands(key, above)))).toEqual([]);
});
