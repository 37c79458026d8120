import { describe, expect, test } from "vitest";
import { candidatesOf, parseResolvConf } from "../../../control/names/resolv-conf.ts";

describe("parseResolvConf()", () => {
  test("fills in what resolv.conf(5) has where the file says nothing", () => {
    expect(parseResolvConf("", "node1")).toEqual({
      servers: ["127.0.0.1:53"],
      search: [],
      ndots: 1,
      timeoutMs: 5_000,
      attempts: 2,
    });
    expect(parseResolvConf("", "node1.prod.internal").search).toEqual(["prod.internal"]);
  });

  test("reads servers, the last search line, and options", () => {
    const text = [
      "; written by hand",
      "nameserver 10.0.0.2",
      "nameserver 2001:db8::53",
      "nameserver [::1]:8600",
      "nameserver 10.0.0.9",
      "domain old.internal",
      "#search commented.internal",
      "search default.svc.cluster.local\tsvc.cluster.local",
      "options ndots:5 rotate timeout:1",
      "options attempts:3",
    ].join("\n");
    expect(parseResolvConf(text, "node1.prod.internal")).toEqual({
      servers: ["10.0.0.2:53", "[2001:db8::53]:53", "[::1]:8600"],
      search: ["default.svc.cluster.local", "svc.cluster.local"],
      ndots: 5,
      timeoutMs: 1_000,
      attempts: 3,
    });
  });

  test("keeps options within their bounds, and the default for what is no number", () => {
    const conf = (options: string) => parseResolvConf(`options ${options}`, "node1");
    expect(conf("ndots:99 timeout:99 attempts:99")).toMatchObject({
      ndots: 15,
      timeoutMs: 30_000,
      attempts: 5,
    });
    expect(conf("ndots:0 timeout:0 attempts:0")).toMatchObject({
      ndots: 0,
      timeoutMs: 1_000,
      attempts: 1,
    });
    expect(conf("ndots:x timeout: attempts")).toMatchObject({
      ndots: 1,
      timeoutMs: 5_000,
      attempts: 2,
    });
  });

  test("leaves out servers that cannot be asked", () => {
    const text = "nameserver dns.internal\nnameserver fe80::1%eth0\nnameserver 10.0.0.2:99999\n";
    expect(parseResolvConf(text, "node1").servers).toEqual(["127.0.0.1:53"]);
  });

  test("searches nowhere with `search .`", () => {
    expect(parseResolvConf("search .", "node1.prod.internal").search).toEqual([]);
  });
});

test("candidatesOf() puts the name itself first when it has enough dots, else last", () => {
  const conf = parseResolvConf("search a.test b.test.\noptions ndots:2", "node1");
  expect(candidatesOf("web", conf)).toEqual(["web.a.test", "web.b.test", "web"]);
  expect(candidatesOf("web.x", conf)).toEqual(["web.x.a.test", "web.x.b.test", "web.x"]);
  expect(candidatesOf("web.x.y", conf)).toEqual(["web.x.y", "web.x.y.a.test", "web.x.y.b.test"]);
});
