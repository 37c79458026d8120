import { describe, expect, test } from "vitest";
import type { ServiceDocument } from "../../../control/config/service-schema.ts";
import type { Surroundings } from "../../../control/table/guard.ts";
import type { ListenerSnapshot } from "../../../proxy/table/snapshot.ts";
import { ANY, started } from "../../support/started-services.ts";
import type { Started } from "../../support/started-services.ts";

const versions = { v1: { endpoints: ["127.0.0.1:1"] } };
const http: ServiceDocument = { versions };
const tcp: ServiceDocument = { kind: "tcp", versions };
const SHAPE = {
  trustedPeers: [],
  proxyProtocol: false,
  protocols: ["http/1.1" as const],
  connectionsMax: 1,
};
const REDIS: ListenerSnapshot = {
  bind: "127.0.0.1:6379",
  service: "redis",
  ...SHAPE,
  tcp: { sni: undefined },
};
const WEB: ListenerSnapshot = { bind: "127.0.0.1:80", service: "web", ...SHAPE };

const around: Surroundings = {
  traffic: async () => ({
    isBusy: () => false,
    open: { version: () => ({ exchangesOpen: 0, tunnelsOpen: 0 }) },
    workers: 1,
  }),
  listeners: () => [REDIS, WEB],
};

async function table(services: Record<string, ServiceDocument>): Promise<Started> {
  return started(services, { around });
}

describe("A write", () => {
  test.each([
    ["redis", http, "listener 127.0.0.1:6379: tcp: wanted a service of kind tcp"],
    ["web", tcp, "listener 127.0.0.1:80: service: wanted a service of kind http"],
  ])("of %s is refused where a listener leads to it by the other kind", async (name, to, why) => {
    const { services } = await table({ redis: tcp, web: http });
    const { revision } = services;
    await expect(services.put(name, to, ANY)).rejects.toThrow(why);
    const preview = services.preview({
      action: "put",
      context: ANY,
      edit: () => new Map([[name, to]]),
    });
    await expect(preview).rejects.toThrow(why);
    expect(services.revision).toBe(revision);
  });

  test("of another service is not refused for what was wrong before", async () => {
    const { services } = await table({ redis: http, web: http, free: tcp });
    await services.put("free", { ...tcp, connectTimeout: "2s" }, ANY);
    await expect(services.put("redis", { ...http, debug: true }, ANY)).rejects.toThrow("kind tcp");
    await services.put("redis", tcp, ANY);
  });

  test("that comes with listeners is judged by them, and all services with it", async () => {
    const { services } = await table({ redis: tcp, web: http });
    const write = { action: "reload", context: ANY, edit: () => new Map() };
    const listeners = [{ ...WEB, service: "redis" }];
    await expect(services.change({ ...write, listeners })).rejects.toThrow(
      "redis, which is of kind tcp",
    );
    await services.change({ ...write, listeners: [REDIS] });
  });
});
