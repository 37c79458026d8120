import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { openEndpointDiscovery } from "../../../control/discovery/endpoint-discovery.ts";
import { systemPaths } from "../../../control/names/system-files.ts";
import { readService } from "../../../control/config/read-service.ts";
import { systemClock } from "../../../proxy/base/clock.ts";
import { DnsServer } from "../../support/dns-server.ts";
import { eventually } from "../../support/eventually.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const silent = (): void => undefined;

test("openEndpointDiscovery() resolves names and probes each of their addresses", async () => {
  const probed = new Set<string>();
  const listen = async (host: string, status: number, at = 0): Promise<number> => {
    const server = createServer((request, response) => {
      probed.add(`${host} ${request.headers.host}`);
      response.writeHead(status).end();
    });
    server.listen(at, host);
    await once(server, "listening");
    onTestFinished(() => void server.close());
    return (server.address() as AddressInfo).port;
  };
  const port = await listen("127.0.0.2", 200);
  await listen("127.0.0.3", 500, port);
  using dns = await DnsServer.start();
  dns.zones.set("web.test", { addresses: ["127.0.0.2", "127.0.0.3"] });
  const discovery = await openEndpointDiscovery({
    clock: systemClock,
    random: { next: () => 0 },
    log: { info: silent, warn: silent, error: silent },
    registry: undefined,
    ownBindOf: () => undefined,
    paths: systemPaths(await dns.environment(await temporaryFolder())),
  });
  onTestFinished(() => discovery.close());
  const changed: string[] = [];
  discovery.onChange = (service) => changed.push(service);
  const web = readService("web", {
    versions: { v1: { endpoints: [`web.test:${port}`] } },
    healthCheck: { path: "/", interval: "100ms", timeout: "5s", rise: 1, fall: 1 },
  });
  discovery.update({ web });
  await discovery.settled?.();
  const name = `web.test:${port}`;
  await eventually(() =>
    expect(discovery.endpoints("web", "v1")).toEqual([
      { address: `127.0.0.2:${port}`, name, weight: 1, healthy: true },
      { address: `127.0.0.3:${port}`, name, weight: 1, healthy: false, reason: "answered 500" },
    ]),
  );
  expect([...probed].toSorted()).toEqual(["127.0.0.2 web", "127.0.0.3 web"]);
  expect(changed).toContain("web");
});
