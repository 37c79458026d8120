import { expect, test } from "vitest";
import type { ServiceSnapshot } from "../../../proxy/table/snapshot.ts";
import { StickyCookie } from "../../../proxy/table/sticky-cookie.ts";
import type { LiveService } from "../../../proxy/upstream/live-service.ts";
import { responseHeadOf } from "../http1/fields-fixture.ts";
import { cookieAffinity, route, serviceSnapshot, serviceTable } from "../table/service-fixture.ts";
import type { VersionParts } from "../table/service-fixture.ts";
import { destination, exchangeClient, liveService, requestHead } from "./exchange-fixture.ts";

/*
 * Goal: no version gets a session that it cannot read, whoever says where it goes. Method: v1,
 * which reads what it writes, and v2, which reads both, with the cookie of a client that v2 has
 * answered.
 */

const OLD = { compat: { reads: [1], writes: 1, requires: {} } };
const NEW = { compat: { reads: [1, 2], writes: 2, requires: {} } };
const NONE = { weight: 1, endpoints: [] };
const CLIENT = { address: "192.0.2.1", trusted: false };
const AFFINITY = { affinity: cookieAffinity() };

/** A field line with the cookie that v2 gives a client. */
function written(): string {
  const cookie = new StickyCookie(AFFINITY.affinity, serviceSnapshot({}, AFFINITY));
  const line = cookie.line("sid", { high: 1, low: 2, issuedS: 0, epoch: 2 }, false);
  return `Cookie: ${/sid=\w+/.exec(line)?.[0]}\r\n`;
}

/** Its live form. */
function shop(v1: number, v2: VersionParts, deps: Partial<ServiceSnapshot> = {}): LiveService {
  const newer = typeof v2 === "number" ? { weight: v2 } : v2;
  const versions = { v1: { ...OLD, weight: v1 }, v2: { ...NEW, ...newer } };
  return liveService(serviceTable(versions, { ...AFFINITY, ...deps }));
}

type Visit = { readonly to: string | undefined; readonly told: string };

/** Where a request goes, and what its client is told. `named`: a filter's choice. */
function visit(live: LiveService, fields = "", named?: string): Visit {
  const head = requestHead(`GET /a HTTP/1.1\r\nHost: web\r\n${fields}\r\n`);
  const to = destination();
  to.find(head, exchangeClient(live));
  if (named !== undefined) to.named = live.table.versions.find(({ name }) => name === named);
  const error = to.enter(live, head, CLIENT);
  const version = to.pool?.version;
  const told = to.fields(responseHeadOf("HTTP/1.1 200 OK"));
  to.leave(200, 1, false, undefined);
  return { to: error ?? version, told };
}

test("Destination keeps such a session from v1, also after all weight has gone back", () => {
  const live = [shop(100, 1), shop(100, 0)];
  expect(live.map((each) => visit(each, written()).to)).toEqual(["v2", "v2"]);
  expect(visit(shop(100, 0)).to).toBe("v1");
});

test("Destination tells why nobody takes such a session", () => {
  expect(visit(shop(100, { state: "maint" }), written()).to).toBe("session-unreadable");
  // Who should have it is only ill.
  expect(visit(shop(100, NONE), written()).to).toBe("no-endpoint");
  expect(visit(shop(100, 0), written(), "v1").to).toBe("session-unreadable");
  const routed = shop(100, 0, { routes: [route({}, "v1")] });
  expect([visit(routed, written()).to, visit(routed).to]).toEqual(["session-unreadable", "v1"]);
});

test("Destination raises the epoch with the answer of a version that writes a higher one", () => {
  const { told } = visit(shop(0, 1));
  expect(told).toMatch(/^Set-Cookie: sid=\w{24}00000002\w{8};/);
  const back = shop(1, 0);
  const { to, told: more } = visit(back, `Cookie: ${/sid=\w+/.exec(told)?.[0]}\r\n`);
  expect([to, more]).toEqual(["v2", ""]);
  expect([back.inFlight, ...back.pools.map(({ inFlight }) => inFlight)]).toEqual([0, 0, 0]);
});

test("Destination gives every session to a version that does not say what it reads", () => {
  const live = liveService(serviceTable({ v1: 1, v2: NEW }, AFFINITY));
  expect(visit(live, written()).to).toBe("v1");
});
