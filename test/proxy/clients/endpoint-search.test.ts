import { expect, test } from "vitest";
import { EndpointSearch } from "../../../proxy/clients/endpoint-search.ts";
import type { SearchOwner } from "../../../proxy/clients/endpoint-search.ts";
import type { LiveService } from "../../../proxy/upstream/live-service.ts";
import { eventually } from "../../support/eventually.ts";
import { deadAddress, TcpOrigin } from "../../support/tcp-origin.ts";
import { serveParts } from "../hand-over/hand-over-fixture.ts";

/** Remembers how a search has ended, and how long it was to wait. */
class Owner implements SearchOwner {
  readonly told: string[] = [];
  waitMs = -1;

  onFound(connection: { readonly endpoint: { readonly address: string } }): void {
    this.told.push(`found ${connection.endpoint.address}`);
  }

  onNone(error: string, _pool: unknown, endpoint: { readonly address: string } | undefined): void {
    this.told.push(`${error} ${endpoint?.address ?? "nowhere"}`);
  }

  waits(timeoutMs: number): void {
    this.waitMs = timeoutMs;
  }
}

/** A service of kind tcp with one version at these endpoints. */
function service(endpoints: readonly string[], settings: object = {}): LiveService {
  const all = { kind: "tcp", via: undefined, versions: { v1: { endpoints } }, ...settings };
  return serveParts("10.0.0.1:1", "test", undefined, all).services.byName("web") as LiveService;
}

function search(live: LiveService): { owner: Owner; search: EndpointSearch } {
  const owner = new Owner();
  const begun = new EndpointSearch(live, { address: "" }, owner);
  begun.begin();
  return { owner, search: begun };
}

test("a search ends with an endpoint that stands, past those that do not", async () => {
  const origin = await TcpOrigin.start("v1");
  const live = service([await deadAddress(), origin.address]);
  for (let times = 0; times < 5; times += 1) {
    const { owner } = search(live);
    await eventually(() => expect(owner.told).toEqual([`found ${origin.address}`]));
  }
  expect(live.pools[0]?.inFlight).toBe(0);
});

test("a search ends with the last reason when nothing stands", async () => {
  const address = await deadAddress();
  const { owner } = search(service([address]));
  await eventually(() => expect(owner.told).toEqual([`connect-refused ${address}`]));
  expect(search(service([])).owner.told).toEqual(["no-endpoint nowhere"]);
});

test("a search waits for its turn no longer than for a connect", async () => {
  const live = service(["192.0.2.1:1"], { limits: { connections: 1 }, connectTimeout: "7s" });
  const first = search(live);
  const second = search(live);
  expect([first.owner.waitMs, second.owner.waitMs]).toEqual([0, 7_000]);
  second.search.onDeadline();
  expect(second.owner.told).toEqual(["overloaded nowhere"]);
});

test("a search that is given up hears nothing more, and counts nowhere", async () => {
  const live = service([await deadAddress()]);
  const { owner, search: begun } = search(live);
  begun.giveUp();
  expect([live.pools[0]?.inFlight, live.pools[0]?.connections]).toEqual([0, 1]);
  await eventually(() => expect(live.pools[0]?.connections).toBe(0));
  expect(owner.told).toEqual([]);
});

test("a search says who its client is, where the service wants that", () => {
  const ends = {
    source: { address: "203.0.113.9", port: 1 },
    destination: { address: "10.0.0.1", port: 2 },
  };
  const preface = (upstream: object): string | undefined => {
    const live = service(["10.0.0.1:1"], { upstream });
    return new EndpointSearch(live, { address: "203.0.113.9", ends }, new Owner()).preface;
  };
  expect(preface({ proxyProtocol: "v1" })).toBe("PROXY TCP4 203.0.113.9 10.0.0.1 1 2\r\n");
  expect(preface({})).toBe(undefined);
});
