import { afterEach, beforeEach, expect, test } from "vitest";
import { dnsLookUp } from "../../../control/names/dns-look-up.ts";
import type { Answer, Family } from "../../../control/names/address-record.ts";
import { parseResolvConf } from "../../../control/names/resolv-conf.ts";
import { systemClock } from "../../../proxy/base/clock.ts";
import { DnsServer } from "../../support/dns-server.ts";

let dns: DnsServer;

beforeEach(async () => {
  dns = await DnsServer.start();
});
afterEach(() => dns[Symbol.dispose]());

/** One look-up at our server, with more lines of resolv.conf. */
function lookUp(
  name: string,
  family: Family = 4,
  more = "",
  signal = new AbortController().signal,
): Promise<Answer> {
  const text = `nameserver ${dns.address}\noptions timeout:1 attempts:1\n${more}`;
  return dnsLookUp(systemClock)({ name, family, conf: parseResolvConf(text, "node1") }, signal);
}

test("dnsLookUp() gives the addresses of a family with their TTL", async () => {
  const addresses = ["10.0.0.1", "10.0.0.2", "2001:db8::5"];
  dns.zones.set("web.test", { addresses, ttlSeconds: 7 });
  expect(await lookUp("web.test")).toEqual({
    kind: "addresses",
    addresses: ["10.0.0.1", "10.0.0.2"],
    ttlMs: 7_000,
  });
  expect(await lookUp("web.test", 6)).toEqual({
    kind: "addresses",
    addresses: ["2001:db8::5"],
    ttlMs: 7_000,
  });
});

test("dnsLookUp() tells a name that is not there from one without addresses", async () => {
  dns.zones.set("web.test", { addresses: ["10.0.0.1"] });
  expect(await lookUp("gone.test")).toEqual({
    kind: "none",
    reason: "there is no such name (NXDOMAIN)",
  });
  expect(await lookUp("web.test", 6)).toEqual({
    kind: "none",
    reason: "the name has no address (no AAAA record)",
  });
});

test.each([
  ["silent", "DNS does not answer (ETIMEOUT)"],
  ["SERVFAIL", "DNS cannot say (ESERVFAIL)"],
  ["REFUSED", "DNS cannot say (EREFUSED)"],
] as const)("dnsLookUp() calls %s a failure, not a no", async (fault, reason) => {
  dns.zones.set("web.test", { fault });
  expect(await lookUp("web.test")).toEqual({ kind: "failed", reason });
});

test("dnsLookUp() searches domains by resolv.conf, until the name is there", async () => {
  dns.zones.set("web.b.test", { addresses: ["10.0.0.1"] });
  expect(await lookUp("web", 4, "search a.test b.test")).toMatchObject({ kind: "addresses" });
  expect(dns.questions).toEqual(["A web.a.test", "A web.b.test"]);
  await lookUp("web", 6, "search b.test a.test");
  expect(dns.questions.slice(2)).toEqual(["AAAA web.b.test"]);
});

test("dnsLookUp() ends at once when its signal is aborted", async () => {
  dns.isSilent = true;
  const ending = new AbortController();
  const answer = lookUp("web.test", 4, "options timeout:30", ending.signal);
  ending.abort();
  await expect(answer).rejects.toMatchObject({ name: "AbortError" });
});
