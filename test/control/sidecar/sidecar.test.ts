import fastify from "fastify";
import type { FastifyInstance } from "fastify";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { describe, expect, onTestFinished, test } from "vitest";
import { Audit } from "../../../control/records/audit.ts";
import { readConfig } from "../../../control/config/load.ts";
import type { Config } from "../../../control/config/config-schema.ts";
import { DrainingError } from "../../../control/base/errors.ts";
import { Events } from "../../../control/records/events.ts";
import { ListeningSockets } from "../../../control/workers/listening-sockets.ts";
import { Certificates } from "../../../control/tls/certificates.ts";
import type { TlsMaterial } from "../../../proxy/table/tls.ts";
import type { Registry } from "../../../control/registry/registry.ts";
import { Services } from "../../../control/table/services.ts";
import { Sidecar } from "../../../control/sidecar/sidecar.ts";
import { MemoryStore } from "../../../control/store/memory-store.ts";
import { Briefing } from "../../../control/workers/briefing.ts";
import { Workers } from "../../../control/workers/workers.ts";
import { systemClock as clock } from "../../../proxy/base/clock.ts";
import type { Log } from "../../../proxy/base/log.ts";
import { eventually } from "../../support/eventually.ts";
import { WORKER } from "../../support/sidecar.ts";

type TestSidecar = {
  readonly sidecar: Sidecar;
  readonly api: FastifyInstance;
  readonly workers: Workers;
  readonly services: Services;
  readonly logged: readonly string[];
  readonly events: Events;
  /** What has been closed. */
  readonly closed: readonly string[];
};

/** A configuration on free ports; `more` as in sluice.yaml. */
function configOf(more: object = {}): Config {
  const document = {
    listeners: [{ bind: "127.0.0.1:0" }],
    control: { bind: "127.0.0.1:0" },
    drain: { acceptFor: "0s", hard: "1s" },
    services: { web: { versions: { v1: { endpoints: [] } } } },
    ...more,
  };
  return readConfig(JSON.stringify(document), { file: "test", environment: {} });
}

const BY = { actor: "local", reason: "a test" };
const PLAIN = { plan: false, restore: [], ...BY };

function ignore(): void {}

/** A sidecar of real parts that has not been started. `reads`: what each reload finds. */
async function compose(
  config: Config,
  reads: Config[] = [],
  registry?: Registry,
): Promise<TestSidecar> {
  const logged: string[] = [];
  const note = (event: string): void => void logged.push(event);
  const log: Log = { info: note, warn: note, error: note };
  const closed: string[] = [];
  const events = new Events(clock);
  const sockets = new ListeningSockets();
  const workers = new Workers({
    count: 1,
    file: WORKER,
    pseudonym: "test",
    briefing: new Briefing(),
    sockets,
    log,
    clock,
    onEvent: ignore,
  });
  onTestFinished(() => workers.close());
  const store = new MemoryStore();
  const audit = await Audit.open({ clock });
  const services = new Services({ store, sink: workers, events, audit, log });
  const discovery = { close: async () => void closed.push("discovery") };
  const tell = (material: TlsMaterial): Promise<void> => workers.tellTls(material);
  const certificates = new Certificates({ file: "test", tell, events, log, clock });
  const migrations = { close: ignore };
  const started = { configPath: "test", env: {} };
  const deps = {
    services,
    rules: { follow: ignore, below: () => [] },
    discovery,
    certificates,
    store,
    registry,
    migrations,
    rollouts: { start: async () => undefined, close: async () => undefined },
    workers,
    sockets,
    events,
    log,
    clock,
    countsEpoch: "e",
    documents: undefined,
    tellAccessLog: async () => undefined,
    tellTracing: async () => undefined,
    spans: { close: async () => undefined },
    tellLogLevel: async () => undefined,
    access: { prepare: async () => () => undefined, close: () => undefined },
    ...started,
  };
  const next = async (): Promise<Config> => reads.shift() ?? config;
  const sidecar = new Sidecar(config, { ...deps, readConfig: next });
  const api = fastify();
  api.addHook("onClose", async () => void closed.push("api"));
  return { sidecar, api, workers, services, logged, events, closed };
}

describe("Sidecar", () => {
  test("start() opens everything in order, and is ready only then", async () => {
    const { sidecar, api, logged } = await compose(configOf());
    const reasons = ["the first table is not in force yet"];
    expect(sidecar.ready).toEqual({ ok: false, reasons });
    await sidecar.start({ api });
    expect(sidecar.ready).toEqual({ ok: true, reasons: [] });
    const opened = ["worker.started", "listener.open", "api.open"];
    expect(logged).toEqual([...opened, "api.no-auth", "sidecar.ready"]);
    sidecar.drain(BY);
    await sidecar.drained;
  });

  test("start() closes again what it has opened when something fails", async () => {
    const squatter = createServer().listen(0, "127.0.0.1");
    onTestFinished(() => void squatter.close());
    await once(squatter, "listening");
    const bind = `127.0.0.1:${(squatter.address() as AddressInfo).port}`;
    for (const taken of [{ listeners: [{ bind }] }, { control: { bind } }]) {
      const { sidecar, api, workers, closed } = await compose(configOf(taken));
      await expect(sidecar.start({ api })).rejects.toThrow(bind);
      await eventually(() => expect(workers.pids).toEqual([]));
      expect(closed).toEqual(["api", "discovery"]);
    }
  });

  test("tells its registry of its arrival, and how it is from then on", async () => {
    const told: (string | boolean)[] = [];
    let isWell = (): boolean => false;
    const note = (call: string) => async () => void told.push(call);
    const registry: Registry = {
      start: ignore,
      settle: note("settle"),
      arrive: (_services, api, well) => {
        isWell = well;
        told.push(api, isWell());
      },
      revised: ignore,
      leave: async () => void told.push("leave", isWell()),
      yield: ignore,
      resume: ignore,
      detach: note("detach"),
      close: note("close"),
    };
    const { sidecar, api } = await compose(configOf(), [], registry);
    await sidecar.start({ api });
    const { port } = api.server.address() as AddressInfo;
    sidecar.drain(BY);
    await sidecar.drained;
    const address = `http://127.0.0.1:${port}`;
    expect(told).toEqual(["settle", address, true, "leave", false, "detach", "close"]);
  });

  test("drain() happens once, fails readiness at once, and closes everything", async () => {
    const { sidecar, api, workers, logged, events, closed } = await compose(configOf());
    await sidecar.start({ api });
    sidecar.drain(BY);
    sidecar.drain(BY);
    expect([sidecar.draining, sidecar.ready]).toEqual([true, { ok: false, reasons: ["draining"] }]);
    await sidecar.drained;
    expect(logged.slice(-2)).toEqual(["drain.begin", "drain.done"]);
    expect(events.since(0).filter(({ kind }) => kind === "drain")).toHaveLength(1);
    expect(closed).toEqual(["api", "discovery"]);
    await eventually(() => expect(workers.pids).toEqual([]));
  });

  test("drain() during the start waits for it, and then ends what it has opened", async () => {
    const { sidecar, api, workers, logged } = await compose(configOf());
    const starting = sidecar.start({ api });
    sidecar.drain(BY);
    await Promise.all([starting, sidecar.drained]);
    expect(logged.slice(-3)).toEqual(["sidecar.ready", "drain.begin", "drain.done"]);
    await eventually(() => expect(workers.pids).toEqual([]));
  });

  test("hurry() cuts a call of the API that does not end", async () => {
    const { sidecar, api } = await compose(configOf());
    const called = Promise.withResolvers<void>();
    api.get("/forever", () => {
      called.resolve();
      return new Promise(() => undefined);
    });
    await sidecar.start({ api });
    const { port } = api.server.address() as AddressInfo;
    const call = fetch(`http://127.0.0.1:${port}/forever`).then(
      () => "answered",
      () => "cut",
    );
    await called.promise;
    sidecar.drain(BY);
    sidecar.hurry();
    await sidecar.drained;
    expect(await call).toBe("cut");
  });

  test("reload() runs one after the other, each on what the one before has left", async () => {
    const [v1, v2] = [
      { web: { versions: { v1: { endpoints: [], weight: 1 } } } },
      { web: { versions: { v1: { endpoints: [], weight: 2 } } } },
    ];
    const reads = [configOf({ services: v1 }), configOf({ services: v2 })];
    const { sidecar, api, services } = await compose(configOf(), reads);
    await sidecar.start({ api });
    const reports = await Promise.all([sidecar.reload(PLAIN), sidecar.reload(PLAIN)]);
    expect(reports.map((report) => report.services.replaced)).toEqual([["web"], ["web"]]);
    expect(services.document("web")).toEqual(v2.web);
    const many = await Promise.allSettled([1, 2, 3].map(() => sidecar.reload(PLAIN)));
    expect(many).toMatchObject([
      { status: "fulfilled" },
      { status: "fulfilled" },
      { status: "rejected", reason: { code: "busy" } },
    ]);
    sidecar.drain(BY);
    await expect(sidecar.reload(PLAIN)).rejects.toThrow(DrainingError);
    await sidecar.drained;
  });

  test("reload() leaves a service alone that both the API and the file removed", async () => {
    const { sidecar, api, services } = await compose(configOf(), [configOf({ services: {} })]);
    await sidecar.start({ api });
    await services.remove("web", { actor: "local", reason: undefined, ifMatch: "*" });
    expect(await sidecar.reload(PLAIN)).toMatchObject({ services: { removed: [] } });
    expect([services.names(), services.revision]).toEqual([[], 2]);
    sidecar.drain(BY);
    await sidecar.drained;
  });
});
