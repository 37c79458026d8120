import { describe, expect, test } from "vitest";
import { loadedHost } from "../../../bench/contenders/contender.ts";
import { sluiceConfig, sluicePlain } from "../../../bench/contenders/sluice.ts";
import { configSchema } from "../../../control/config/config-schema.ts";

const JOB = {
  endpoints: { v1: ["127.1.0.1:9000"], v2: ["127.2.0.1:9000"] },
  affinity: false,
  services: 1,
  routes: 0,
  routesBy: "path" as const,
};

describe("sluiceConfig()", () => {
  test("is a configuration that the product takes, for every kind of job", () => {
    for (const job of [JOB, { ...JOB, affinity: true }, { ...JOB, services: 20, routes: 30 }]) {
      expect(configSchema.safeParse(sluiceConfig(job)).error).toBeUndefined();
    }
  });

  test("has as many workers as a job says", () => {
    const workers = [JOB, { ...JOB, workers: 2 }].map(
      (job) => configSchema.parse(sluiceConfig(job)).workers,
    );
    expect(workers).toEqual([1, 2]);
  });

  test("is that of a plain job for Sluice without what a scenario is about", () => {
    const kinds = [{ services: 9 }, { workers: 2 }, { accessLog: true }, { rollout: true }];
    for (const about of [...kinds, { traceRatio: 0.5 }]) {
      const own = sluicePlain.ownJob?.({ ...JOB, ...about });
      expect(own && sluiceConfig(own)).toEqual(sluiceConfig(JOB));
    }
  });

  test("names the certificates of a job with TLS", () => {
    const pair = { cert: "/c.pem", key: "/k.pem", both: "/b.pem" };
    const dispose = (): Promise<void> => Promise.resolve();
    const files = { root: "/r.pem", server: pair, client: pair, [Symbol.asyncDispose]: dispose };
    const tls = { client: "tls", upstream: "mtls", files } as const;
    const config = configSchema.parse(sluiceConfig({ ...JOB, tls }));
    expect(config.listeners[0]?.tls?.identities).toHaveLength(1);
    expect(config.services[loadedHost(1)]?.upstreamTls?.tls.serverName).toBe("localhost");
  });

  test("traces to an endpoint, and samples what the job says", () => {
    const { tracing } = configSchema.parse(sluiceConfig({ ...JOB, traceRatio: 0.01 }));
    const endpoint = "http://127.1.0.1:9000/route-spans";
    expect(tracing).toMatchObject({ endpoint: expect.stringContaining(endpoint), ratio: 0.01 });
    expect(configSchema.parse(sluiceConfig(JOB)).tracing).toBeUndefined();
  });

  test("speaks HTTP/2 to endpoints that do", () => {
    for (const upstream of ["http/1.1", "h2", "grpc"] as const) {
      const config = sluiceConfig({ ...JOB, http2: { upstream } });
      expect(configSchema.safeParse(config).error).toBeUndefined();
      expect(JSON.stringify(config).includes('"protocol":"h2"')).toBe(upstream !== "http/1.1");
    }
  });

  test("splits 90 to 10, and has the service that the load is for", () => {
    const { services } = configSchema.parse(sluiceConfig({ ...JOB, services: 20, routes: 3 }));
    const service = services[loadedHost(20)];
    expect(service?.versions.map(({ name, weight }) => [name, weight])).toEqual([
      ["v1", 90],
      ["v2", 10],
    ]);
    expect(service?.routes).toHaveLength(3);
  });
});
