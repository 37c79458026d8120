import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { HttpOrigin } from "../../support/origin.ts";
import { DataPlane, head } from "./data-plane.ts";

const GET = head("GET / HTTP/1.1", "Host: web");
const BEHIND = 1;
const STRANGE = 2;

function headerFor(address: string): string {
  return `PROXY TCP4 ${address} 10.0.0.1 56789 80\r\n`;
}

describe("a listener with the PROXY protocol", () => {
  let plane: DataPlane;
  const origins: HttpOrigin[] = [];

  beforeAll(async () => {
    for (const name of ["one", "two"]) origins.push(await HttpOrigin.start(name));
    const [one, two] = origins.map(({ address }) => [address]);
    const versions = { v1: { weight: 1, endpoints: one }, v2: { weight: 1, endpoints: two } };
    const services = { byAddress: { versions, affinity: { clientIp: true } } };
    const listeners = [
      { bind: "127.0.0.1:0" },
      { bind: "127.0.0.2:0", proxyProtocol: true, trustedPeers: ["127.0.0.0/8"] },
      { bind: "127.0.0.3:0", proxyProtocol: true, trustedPeers: ["10.0.0.0/8"] },
    ];
    plane = await DataPlane.start({}, { listeners, services });
  });
  afterEach(() => plane.endTest());
  afterAll(async () => {
    for (const origin of origins) origin[Symbol.dispose]();
    await plane[Symbol.asyncDispose]();
  });

  const target = (listener: number): { readonly host: string; readonly port: number } => ({
    host: `127.0.0.${listener + 1}`,
    port: plane.sidecar.ports[listener] as number,
  });

  /** The version that the client at this address gets. */
  async function versionFor(address: string): Promise<string> {
    const client = await plane.open(target(BEHIND));
    client.send(headerFor(address) + head("GET / HTTP/1.1", "Host: byAddress"));
    return (await client.response()).body;
  }

  test("tells the origin of the client in the header, and believes no stranger", async () => {
    const client = await plane.open(target(BEHIND));
    const lie = ["X-Forwarded-For: 192.0.2.1", "X-Forwarded-Proto: https"];
    client.send(headerFor("203.0.113.9") + head("GET / HTTP/1.1", "Host: web", ...lie));
    expect((await client.response()).status).toBe(200);
    const [request] = plane.origin.requests;
    expect(request?.field("x-forwarded-for")).toBe("203.0.113.9");
    expect(request?.field("x-forwarded-proto")).toBe("http");
  });

  test("keeps the clients of a balancer apart, and each at its version", async () => {
    const addresses = Array.from({ length: 20 }, (_, at) => `203.0.113.${at}`);
    const first: string[] = [];
    const second: string[] = [];
    for (const address of addresses) {
      first.push(await versionFor(address));
      second.push(await versionFor(address));
    }
    expect(second).toEqual(first);
    expect(new Set(first)).toEqual(new Set(["one", "two"]));
  });

  test("closes what has no header", async () => {
    const before = await plane.rejected("proxy-header-invalid");
    const client = await plane.open(target(BEHIND));
    client.send(GET);
    expect(await client.ended()).not.toBe("open");
    expect([client.text, plane.origin.requests.length]).toEqual(["", 0]);
    expect(await plane.rejected("proxy-header-invalid")).toBe(before + 1);
  });

  test("closes connections of those that are not trusted, whatever they say", async () => {
    const before = await plane.rejected("proxy-header-untrusted");
    const client = await plane.open(target(STRANGE));
    client.send(headerFor("10.0.0.1") + GET);
    expect(await client.ended()).not.toBe("open");
    expect([client.text, plane.origin.requests.length]).toEqual(["", 0]);
    expect(await plane.rejected("proxy-header-untrusted")).toBe(before + 1);
  });

  test("a header to a listener without the protocol is no request", async () => {
    const client = await plane.open(plane.target());
    client.send(headerFor("203.0.113.9") + GET);
    expect((await client.response()).status).toBeGreaterThanOrEqual(400);
    expect(plane.origin.requests).toEqual([]);
  });

  test("a swap of the workers keeps the client's address", async () => {
    const client = await plane.open(target(BEHIND));
    client.send(headerFor("203.0.113.9") + GET);
    await client.response();
    const options = { trial: "10ms" };
    expect((await plane.sidecar.call("POST", "/v1/workers/swap", options)).status).toBe(200);
    client.send(GET);
    expect((await client.response()).status).toBe(200);
    const told = plane.origin.requests.map(({ field }) => field("x-forwarded-for"));
    expect(told).toEqual(["203.0.113.9", "203.0.113.9"]);
  });
});
