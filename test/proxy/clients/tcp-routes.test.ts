import { expect, test } from "vitest";
import { TcpRoutes } from "../../../proxy/clients/tcp-routes.ts";
import type { LiveService } from "../../../proxy/upstream/live-service.ts";
import type { ListenerSnapshot } from "../../../proxy/table/snapshot.ts";

const LISTENER: ListenerSnapshot = {
  bind: "127.0.0.1:0",
  service: "redis",
  trustedPeers: [],
  proxyProtocol: false,
  protocols: ["http/1.1" as const],
  connectionsMax: 1,
};
const TLS = {} as NonNullable<ListenerSnapshot["tls"]>;
const SNI = { "a.example": "a", "*.b.example": "b", "c.b.example": "c" };

test("TcpRoutes of one service leads everybody there, and looks at no name", () => {
  const routes = new TcpRoutes({ ...LISTENER, tcp: { sni: undefined } });
  expect([routes.readsHello, routes.serviceFor(""), routes.serviceFor("a.example")]).toEqual([
    false,
    "redis",
    "redis",
  ]);
});

test.each([
  ["a.example", "a"],
  ["A.Example.", "a"],
  ["x.y.b.example", "b"],
  ["c.b.example", "c"],
  ["b.example", undefined],
  ["other.example", undefined],
  ["", undefined],
])("TcpRoutes lead a client that asks for %j to %j", (name, wanted) => {
  const tcp = { sni: SNI };
  const strict = new TcpRoutes({ ...LISTENER, service: undefined, tcp });
  expect(strict.serviceFor(name)).toBe(wanted);
  expect(new TcpRoutes({ ...LISTENER, tcp }).serviceFor(name)).toBe(wanted ?? "redis");
});

test("TcpRoutes need a client's first bytes only where TLS is not ended", () => {
  const tcp = { sni: SNI };
  expect(new TcpRoutes({ ...LISTENER, tcp }).readsHello).toBe(true);
  expect(new TcpRoutes({ ...LISTENER, tcp, tls: TLS }).readsHello).toBe(false);
});

test("TcpRoutes know whether anybody asks for the ends of a connection", () => {
  const services = (proxyProtocol: "v1" | undefined) => {
    const live = { table: { snapshot: { tcp: { proxyProtocol } } } } as LiveService;
    return { byName: (name: string) => (name === "redis" ? live : undefined) };
  };
  const one = new TcpRoutes({ ...LISTENER, tcp: { sni: undefined } });
  expect([one.wantsEnds(services("v1")), one.wantsEnds(services(undefined))]).toEqual([
    true,
    false,
  ]);
  const many = new TcpRoutes({ ...LISTENER, tcp: { sni: SNI } });
  expect(many.wantsEnds(services(undefined))).toBe(true);
});
