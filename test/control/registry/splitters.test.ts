import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import type { ServiceDocument } from "../../../control/config/service-schema.ts";
import { Audit } from "../../../control/records/audit.ts";
import { Events } from "../../../control/records/events.ts";
import { Splitters } from "../../../control/registry/splitters.ts";
import { untilAborted } from "../../../control/store/until-aborted.ts";
import { Services } from "../../../control/table/services.ts";
import { consulDeps } from "../../support/consul-deps.ts";
import { eventually } from "../../support/eventually.ts";
import { openConsulBed } from "../../support/fake-consul-bed.ts";
import { SharedStore, started } from "../../support/started-services.ts";

/*
 * Goal: what a change of the table makes of Consul's splitters. Method: real services and a real
 * client, before an agent of our own that answers one path.
 */

/** An agent that has no splitter, and takes each. `puts`: what was written, `web 25,75`. */
class SplitterAgent {
  readonly puts: string[] = [];
  readonly asked: string[] = [];
  /** Answers to writes wait for it. */
  gate: Promise<void> = Promise.resolve();

  readonly answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://agent");
    response.setHeader("x-consul-index", "1");
    if (request.method !== "PUT") {
      this.asked.push(pathname);
      // A blocking query, which nothing ends: nobody changes anything.
      if (searchParams.has("index")) return;
      response.writeHead(404).end();
      return;
    }
    const { Name, Splits } = JSON.parse(await text(request)) as {
      readonly Name: string;
      readonly Splits: readonly { readonly Weight: number }[];
    };
    this.puts.push(`${Name} ${Splits.map(({ Weight }) => Weight).join(",")}`);
    await this.gate;
    response.end("true");
  };

  async listen(): Promise<string> {
    const server = createServer((request, response) => void this.answer(request, response));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
}

const ANY = { actor: "test", reason: undefined, ifMatch: "*" } as const;

function serviceWith(splitter: "publish" | "follow" | undefined, v1: number): ServiceDocument {
  return {
    versions: { v1: { weight: v1, endpoints: [] }, v2: { weight: 100 - v1, endpoints: [] } },
    ...(splitter && { consul: { splitter } }),
  };
}

type Bed = {
  readonly agent: SplitterAgent;
  readonly store: SharedStore;
  readonly services: Services;
};

/** Services whose splitters are kept, after their start; closed with the test. */
async function start(documents: Record<string, ServiceDocument>): Promise<Bed> {
  const agent = new SplitterAgent();
  const deps = consulDeps({ address: await agent.listen() });
  const store = new SharedStore([]);
  const events = new Events(deps.clock);
  const audit = await Audit.open({ clock: deps.clock });
  const services = new Services({
    store,
    sink: { apply: () => Promise.resolve() },
    events,
    audit,
    log: deps.log,
    onRevision: (names, isOurs) => splitters.revised(names, isOurs),
  });
  await services.start(documents);
  const splitters = new Splitters({ ...deps, services, events });
  onTestFinished(async () => {
    await splitters.close();
    await services.close();
    await deps[Symbol.asyncDispose]();
  });
  return { agent, store, services };
}

test("a write that changes several services publishes each that says so", async () => {
  const { agent, services } = await start({
    web: serviceWith("publish", 90),
    shop: serviceWith("publish", 90),
    other: serviceWith(undefined, 90),
  });
  const documents = new Map([
    ["web", serviceWith("publish", 25)],
    ["shop", serviceWith("publish", 50)],
    ["other", serviceWith(undefined, 10)],
  ]);
  await eventually(() => expect(agent.puts.toSorted()).toEqual(["shop 90,10", "web 90,10"]));
  agent.puts.length = 0;
  await services.change({ action: "reload", context: ANY, edit: () => documents });
  await eventually(() => expect(agent.puts.toSorted()).toEqual(["shop 50,50", "web 25,75"]));
});

test("what another sidecar wrote is its own to publish, but may be ours to follow", async () => {
  const { agent, store, services } = await start({ web: serviceWith("publish", 90) });
  await eventually(() => expect(agent.puts).toEqual(["web 90,10"]));
  const theirs = { web: serviceWith("publish", 30), shop: serviceWith("follow", 90) };
  store.tell(await store.saveByOther(theirs));
  await eventually(() => expect(services.names()).toEqual(["web", "shop"]));
  await eventually(() => expect(agent.asked).toContain("/v1/config/service-splitter/shop"));
  await services.shift("web", { v1: 60, v2: 40 }, ANY);
  await eventually(() => expect(agent.puts).toEqual(["web 90,10", "web 60,40"]));
});

test("of the shifts during a publication, the last is published too, and only that", async () => {
  const { agent, services } = await start({ web: serviceWith("publish", 90) });
  await eventually(() => expect(agent.puts).toEqual(["web 90,10"]));
  agent.puts.length = 0;
  const gate = Promise.withResolvers<void>();
  agent.gate = gate.promise;
  await services.shift("web", { v1: 80, v2: 20 }, ANY);
  await eventually(() => expect(agent.puts).toEqual(["web 80,20"]));
  for (const v1 of [70, 60, 50]) await services.shift("web", { v1, v2: 100 - v1 }, ANY);
  gate.resolve();
  await eventually(() => expect(agent.puts).toEqual(["web 80,20", "web 50,50"]));
});

/** Consul's entry for a service with these percentages. */
function splitterEntry(name: string, v1: number): Record<string, unknown> {
  const Splits = [
    { Weight: v1, ServiceSubset: "v1" },
    { Weight: 100 - v1, ServiceSubset: "v2" },
  ];
  return { Kind: "service-splitter", Name: name, Splits, ModifyIndex: 1 };
}

/** Splitters of these services over an agent that has entries of its own. */
async function follow(documents: Record<string, ServiceDocument>) {
  const bed = await openConsulBed();
  const { services, events } = await started(documents);
  const splitters = new Splitters({ ...bed.deps, services, events });
  bed.run(async (signal) => {
    await untilAborted(signal);
    await splitters.close();
  });
  const weights = (name: string): readonly number[] =>
    services.snapshot(name).versions.map(({ weight }) => weight);
  return { ...bed, services, events, splitters, weights };
}

test("a service that follows is shifted to the weights of Consul, and no other", async () => {
  const { consul, weights } = await follow({
    web: serviceWith("follow", 90),
    shop: serviceWith("publish", 90),
  });
  for (const name of ["web", "shop"]) {
    consul.entries.set(`service-splitter/${name}`, splitterEntry(name, 25));
  }
  consul.changed();
  await eventually(() => expect(weights("web")).toEqual([2_500, 7_500]));
  expect(weights("shop")).toEqual([90, 10]);
});

test("a service that wants to follow no longer is not asked about any more", async () => {
  const { consul, services, splitters } = await follow({
    web: serviceWith("follow", 90),
    shop: serviceWith("follow", 90),
  });
  const asked = (name: string): readonly string[] =>
    consul.asked.filter((each) => each.includes(`service-splitter/${name}?`));
  await eventually(() => expect(asked("web").length).toBeGreaterThan(1));
  await services.put("web", serviceWith(undefined, 90), ANY);
  splitters.revised(["web"], true);
  consul.asked.length = 0;
  consul.changed();
  await eventually(() => expect(asked("shop").length).toBeGreaterThan(0));
  expect(asked("web")).toEqual([]);
});

test("weights that Consul refuses are told once, and written when it takes them", async () => {
  const { consul, deps, events, splitters } = await follow({ web: serviceWith("publish", 90) });
  consul.fault = { kind: "answer", status: 403, text: "Permission denied" };
  splitters.revised(["web"], true);
  const problem = expect.stringMatching(/^splitter of web: .*Permission denied/) as string;
  await eventually(() => expect(splitters.problems).toEqual([problem]));
  const asked = consul.asked.length;
  await eventually(() => expect(consul.asked.length).toBeGreaterThan(asked + 2));
  const told = events.since(0).filter(({ kind }) => kind === "splitter-failed");
  expect(told).toMatchObject([{ services: ["web"] }]);
  expect(deps.lines.filter((line) => line.includes("splitter.not_published"))).toHaveLength(1);
  consul.fault = undefined;
  await eventually(() => expect(consul.entries.has("service-splitter/web")).toBe(true));
  await eventually(() => expect(splitters.problems).toEqual([]));
});

test("a splitter that cannot be followed is a problem, with its reason", async () => {
  const { consul, splitters } = await follow({ web: serviceWith("follow", 90) });
  const entry = splitterEntry("web", 25);
  const Splits = [{ Weight: 100, ServiceSubset: "v3" }];
  consul.entries.set("service-splitter/web", { ...entry, Splits });
  consul.changed();
  const problem = expect.stringMatching(/^splitter of web: .*v3/) as string;
  await eventually(() => expect(splitters.problems).toEqual([problem]));
});
