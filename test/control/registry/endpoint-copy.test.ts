import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { EndpointCopy } from "../../../control/registry/endpoint-copy.ts";
import type { CopiedVersion } from "../../../control/registry/endpoint-copy.ts";
import { jsonLog } from "../../../proxy/base/log.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

async function copy() {
  const path = join(await temporaryFolder(), "endpoints.json");
  const clock = new ManualClock();
  const log = jsonLog(
    () => undefined,
    () => 0,
  );
  const open = (): EndpointCopy => new EndpointCopy({ clock, log }, path);
  return { path, clock, open };
}

const found = (address: string): readonly CopiedVersion[] => [
  { service: "web", version: "v1", endpoints: [{ address, weight: 2, healthy: true }] },
];

test("EndpointCopy knows whom an operator has out", async () => {
  const { open } = await copy();
  const [first] = found("10.0.0.1:1");
  const endpoints = (first?.endpoints ?? []).map((each) => ({ ...each, inMaintenance: true }));
  const saving = open();
  saving.saveSoon(() => [{ service: "web", version: "v1", endpoints }]);
  await saving.close();
  const loading = open();
  await loading.load();
  expect(loading.of("web", "v1")).toEqual(endpoints);
});

test("EndpointCopy knows after a start what was saved last", async () => {
  const { clock, open } = await copy();
  const first = open();
  first.saveSoon(() => found("10.0.0.1:1"));
  first.saveSoon(() => found("10.0.0.2:1"));
  await first.close();
  const second = open();
  await second.load();
  expect(second.of("web", "v1")).toEqual([{ address: "10.0.0.2:1", weight: 2, healthy: true }]);
  expect(second.of("web", "v2")).toBeUndefined();
  expect(second.of("constructor", "toString")).toBeUndefined();
  expect(clock.sleeping).toBe(0);
});

test("EndpointCopy saves once a second at most, what is known by then", async () => {
  const { path, clock, open } = await copy();
  const own = open();
  let address = "10.0.0.1:1";
  own.saveSoon(() => found(address));
  address = "10.0.0.9:1";
  await clock.advance(1_000);
  await own.close();
  expect(await readFile(path, "utf8")).toContain("10.0.0.9:1");
});

test("EndpointCopy takes no address from the disk that it would not take from Consul", async () => {
  const { path, open } = await copy();
  const addresses = ["10.0.0.7:1", "10.0.0.7:65536", "unix:/run/docker.sock", "WEB:1", "x\0:1"];
  const endpoints = addresses.map((address) => ({ address, weight: 1, healthy: true }));
  await writeFile(path, JSON.stringify({ web: { v1: endpoints } }));
  const own = open();
  await own.load();
  expect(own.of("web", "v1")?.map(({ address }) => address)).toEqual(["10.0.0.7:1"]);
});

test.each([-1, 0, 1.5, 65_536])(
  "EndpointCopy takes no copy with a weight of %d",
  async (weight) => {
    const { path, open } = await copy();
    const endpoints = [{ address: "10.0.0.7:1", weight, healthy: true }];
    await writeFile(path, JSON.stringify({ web: { v1: endpoints } }));
    const own = open();
    await own.load();
    expect(own.of("web", "v1")).toBeUndefined();
  },
);
