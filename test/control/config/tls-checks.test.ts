import { describe, expect, test } from "vitest";
import { readConfig } from "../../../control/config/load.ts";
import { ConfigError, problemText } from "../../../control/base/errors.ts";

const pair = { cert: "a.pem", key: "a.key" };

/** What is wrong with a file of these parts. */
function flaws(document: object): readonly string[] {
  try {
    readConfig(JSON.stringify(document), { file: "test", environment: {} });
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ path, wanted, found }) => problemText({ path, wanted, found }));
  }
}

function listeners(...all: readonly object[]): object {
  return {
    listeners: all.map((tls, at) => ({
      bind: `127.0.0.1:${8080 + at}`,
      tls: { certificates: [pair], ...tls },
    })),
  };
}

function web(tls: object, endpoint = "10.0.0.1:1"): object {
  const service = { upstream: { tls }, versions: { v1: { endpoints: [endpoint] } } };
  return { listeners: [{ bind: "127.0.0.1:8080" }], services: { web: service } };
}

describe("Listeners", () => {
  test("take client certificates with roots, or neither", () => {
    expect(flaws(listeners({}, { clientCert: "require", clientCa: "ca.pem" }))).toEqual([]);
  });

  test("want the roots of the client certificates that they ask for", () => {
    expect(flaws(listeners({ clientCert: "request" }))).toEqual([
      "listeners[0].tls.clientCa: wanted the roots of client certificates beside " +
        "clientCert: request, found nothing",
    ]);
  });

  test("want to be told that they ask when roots or forwarding are configured", () => {
    expect(flaws(listeners({ clientCa: "ca.pem" }, { forwardClientCert: "set" }))).toEqual([
      "listeners[0].tls.clientCert: wanted request or require beside clientCa, found none",
      "listeners[1].tls.clientCert: wanted request or require beside forwardClientCert: set, " +
        "found none",
    ]);
  });

  test("share a certificate with one key and one list of names", () => {
    const same = { certificates: [{ ...pair, cert: "./a.pem" }] };
    expect(flaws(listeners({}, same))).toEqual([]);
    const other = { certificates: [{ ...pair, key: "b.key" }] };
    const named = { certificates: [{ ...pair, names: ["a"] }] };
    const wanted = "wanted one key and one list of names for a.pem, found others than where it ";
    expect(flaws(listeners({}, other, named))).toEqual([
      `listeners[1].tls.certificates[0]: ${wanted}stands before`,
      `listeners[2].tls.certificates[0]: ${wanted}stands before`,
    ]);
  });
});

describe("Services", () => {
  test("have a certificate and a key, or neither", () => {
    expect(flaws(web({ cert: "a.pem", key: "a.key" }))).toEqual([]);
    expect(flaws(web({ cert: "a.pem" }))).toEqual([
      "services.web.upstream.tls.key: wanted a file beside cert, found nothing",
    ]);
    expect(flaws(web({ key: "a.key" }))).toEqual([
      "services.web.upstream.tls.cert: wanted a file beside key, found nothing",
    ]);
  });

  test("verify nothing only when nothing is there to compare with", () => {
    expect(flaws(web({ insecure: true }))).toEqual([]);
    const wanted = "wanted false beside ca or sans, which nothing would be compared with";
    const found = [`services.web.upstream.tls.insecure: ${wanted}, found true`];
    expect(flaws(web({ insecure: true, ca: "ca.pem" }))).toEqual(found);
    expect(flaws(web({ insecure: true, sans: ["a.b"] }))).toEqual(found);
  });

  test("say whom they expect at a socket", () => {
    const socket = "unix:/run/web.sock";
    expect(flaws(web({}, socket))).toEqual([
      `services.web.upstream.tls: wanted whom to expect at ${socket}, which has no name: ` +
        "serverName or sans, found neither",
    ]);
    expect(flaws(web({ serverName: "web" }, socket))).toEqual([]);
    expect(flaws(web({ sans: ["spiffe://mesh/web"] }, socket))).toEqual([]);
  });
});

describe("The mesh", () => {
  const listener = { bind: "127.0.0.1:8080", tls: "connect" };
  const connect = { service: "web" };

  function api(more: object = {}, version: object = { consul: { service: "api" } }): object {
    return { api: { upstream: { connect: true, ...more }, versions: { v1: version } } };
  }

  test("is spoken by listeners and services once it is said who we are in it", () => {
    expect(flaws({ listeners: [listener], consul: { connect }, services: api() })).toEqual([]);
  });

  test("is not spoken by nobody", () => {
    const wanted = "wanted the service that we are in the mesh, which";
    expect(flaws({ listeners: [listener], consul: {}, services: api() })).toEqual([
      `consul.connect: ${wanted} listeners[0].tls, services.api.upstream uses, found nothing`,
    ]);
    expect(flaws({ listeners: [listener] })).toEqual([
      "consul: wanted how to reach Consul, which listeners[0].tls uses, found nothing",
    ]);
  });

  test("has its own TLS, and endpoints that only Consul knows", () => {
    const all = { listeners: [listener], consul: { connect } };
    expect(flaws({ ...all, services: api({ tls: { ca: "a.pem" } }) })).toEqual([
      "services.api.upstream.tls: wanted no tls beside connect: the mesh has its own, found some",
    ]);
    expect(flaws({ ...all, services: api({}, { endpoints: ["10.0.0.1:1"] }) })).toEqual([
      "services.api.upstream.connect: wanted versions with consul, and none with endpoints, " +
        'found "10.0.0.1:1"',
    ]);
  });

  test("is announced for the service that we are there, with a listener that speaks it", () => {
    const register = { service: "web", port: 8080, connectProxy: true };
    expect(flaws({ listeners: [listener], consul: { connect }, register })).toEqual([]);
    const plain = { listeners: [{ bind: "127.0.0.1:8080" }], consul: { connect } };
    expect(flaws({ ...plain, register: { ...register, service: "api" } })).toEqual([
      "register.service: wanted the service of consul.connect beside connectProxy, " +
        'found "api", and there "web"',
      "register.connectProxy: wanted a listener with tls: connect, which the proxy is, found none",
    ]);
    expect(flaws({ ...plain, register: { ...register, connectProxy: false } })).toEqual([]);
  });
});
