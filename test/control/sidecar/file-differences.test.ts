import { expect, test } from "vitest";
import { warnOfDifferences } from "../../../control/sidecar/file-differences.ts";
import type { LogFields } from "../../../proxy/base/log.ts";
import type { ListenerSnapshot } from "../../../proxy/table/snapshot.ts";
import { shop, started, web } from "../../support/started-services.ts";

/** What is said of a file with these documents when the table has web and shop. */
async function told(
  documents: object,
  service?: string,
  tcp?: ListenerSnapshot["tcp"],
): Promise<unknown[]> {
  const logged: unknown[] = [];
  const note = (event: string, fields?: LogFields): void => void logged.push([event, fields]);
  const { services } = await started({ web, shop });
  const listener = {
    bind: "[::]:80",
    service,
    trustedPeers: [],
    proxyProtocol: false,
    protocols: ["http/1.1" as const],
    connectionsMax: 1,
    tcp,
  };
  const file = { documents: documents as Record<string, typeof web>, listeners: [listener] };
  warnOfDifferences(file, services, { info: note, warn: note, error: note });
  return logged;
}

test("warnOfDifferences() says nothing where file and table are the same", async () => {
  expect(await told({ web, shop }, "web")).toEqual([]);
  expect(await told({ web })).toEqual([]);
});

test("warnOfDifferences() names the file's services that are not in force, or differ", async () => {
  const file = { web: { ...web, timeout: "9s" }, shop, constructor: shop };
  expect(await told(file)).toEqual([
    ["table.store-wins", { revision: 1, absent: "constructor", differing: "web" }],
  ]);
});

test("warnOfDifferences() names some of many", async () => {
  const names = Array.from({ length: 25 }, (_, at) => [`s${at}`, shop]);
  expect(await told(Object.fromEntries(names))).toMatchObject([
    ["table.store-wins", { absent: expect.stringMatching(/^s0, .*, s19 and 5 more$/) }],
  ]);
});

test("warnOfDifferences() names listeners for services that are not there", async () => {
  expect(await told({ web }, "gone")).toEqual([
    ["listener.no-service", { bind: "[::]:80", service: "gone" }],
  ]);
});

test("warnOfDifferences() names services that TCP is led to, by name too", async () => {
  expect(await told({ web }, "web", { sni: { a: "gone", b: "shop" } })).toEqual([
    ["listener.no-service", { bind: "[::]:80", service: "gone" }],
  ]);
});
