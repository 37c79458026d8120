import { describe, expect, test } from "vitest";
import type { Problem } from "../../../control/base/errors.ts";
import { problemText } from "../../../control/base/errors.ts";
import { readBy } from "../../../control/config/problems.ts";
import {
  listenerTlsFiles,
  listenerTlsSchema,
  toListenerTls,
  toServiceTls,
  upstreamSchema,
} from "../../../control/config/tls-schema.ts";

const certificates = [{ cert: "./shop.pem", key: "shop.key" }];

function flaws(schema: typeof listenerTlsSchema | typeof upstreamSchema, document: unknown) {
  const read = readBy(schema, document);
  const problems: readonly Problem[] = read.kind === "wrong" ? read.problems : [];
  return problems.map(problemText);
}

describe("listenerTlsSchema", () => {
  test("fills every default, and names certificates by their files", () => {
    const read = listenerTlsSchema.parse({ certificates });
    expect(toListenerTls(read)).toStrictEqual({
      identities: ["file:shop.pem"],
      minVersion: "1.2",
      clientCert: "none",
      trust: undefined,
      intentions: false,
      forwardClientCert: "off",
      handshakesMax: 1_000,
      replacedMaxAgeMs: 3_600_000,
    });
    expect(listenerTlsFiles(read)).toStrictEqual({
      certificates: [{ cert: "./shop.pem", key: "shop.key", names: undefined }],
      ca: undefined,
    });
  });

  test("reads everything; YAML's number 1.3 is a version too", () => {
    const read = listenerTlsSchema.parse({
      certificates: [{ ...certificates[0], names: ["Shop.example", "*.shop.example"] }],
      minVersion: 1.3,
      clientCert: "require",
      clientCa: "/etc/ca.pem",
      forwardClientCert: "set",
      handshakesMax: 5,
      replacedMaxAge: 0,
    });
    expect(toListenerTls(read)).toStrictEqual({
      identities: ["file:shop.pem"],
      minVersion: "1.3",
      clientCert: "require",
      trust: "ca:/etc/ca.pem",
      intentions: false,
      forwardClientCert: "set",
      handshakesMax: 5,
      replacedMaxAgeMs: 0,
    });
    const { certificates: read0, ca } = listenerTlsFiles(read);
    expect(read0[0]?.names).toEqual(["shop.example", "*.shop.example"]);
    expect(ca).toBe("/etc/ca.pem");
  });

  test("`connect` stands for the mesh's certificate, roots and intentions", () => {
    const read = listenerTlsSchema.parse("connect");
    expect(toListenerTls(read)).toStrictEqual({
      identities: ["connect:leaf"],
      minVersion: "1.2",
      clientCert: "require",
      trust: "connect:roots",
      intentions: true,
      forwardClientCert: "off",
      handshakesMax: 1_000,
      replacedMaxAgeMs: 3_600_000,
    });
    expect(listenerTlsFiles(read)).toStrictEqual({ certificates: [], ca: undefined });
    const more = { connect: true, forwardClientCert: "set" };
    expect(toListenerTls(listenerTlsSchema.parse(more)).forwardClientCert).toBe("set");
  });

  test.each([
    [
      "neither",
      {},
      "certificates: wanted at least one certificate, or tls: connect, found nothing",
    ],
    [
      "certificates in the mesh",
      { connect: true, certificates },
      "certificates: wanted no certificates beside connect",
    ],
    [
      "roots in the mesh",
      { connect: true, clientCa: "ca.pem" },
      "clientCa: wanted no clientCa beside connect",
    ],
    [
      "clients of its own choice in the mesh",
      { connect: true, clientCert: "none" },
      "clientCert: wanted no clientCert beside connect",
    ],
    ["another mesh", { connect: false }, "connect: wanted true, found false"],
    ["no certificate", { certificates: [] }, "certificates: wanted at least one certificate"],
    ["no key", { certificates: [{ cert: "a" }] }, "certificates[0].key: wanted a text"],
    ["an old version", { certificates, minVersion: "1.1" }, 'minVersion: wanted "1.2" or "1.3"'],
    [
      "a name that is none",
      { certificates: [{ ...certificates[0], names: ["a b"] }] },
      "certificates[0].names[0]: wanted a host without port",
    ],
  ])("refuses %s", (_name, document, wanted) => {
    expect(flaws(listenerTlsSchema, document)).toEqual([expect.stringContaining(wanted)]);
  });
});

describe("upstreamSchema", () => {
  test("fills every default: the system's roots, the endpoint's own name", () => {
    expect(toServiceTls(upstreamSchema.parse({}))).toBe(undefined);
    expect(toServiceTls(upstreamSchema.parse({ tls: {} }))).toStrictEqual({
      tls: {
        trust: undefined,
        identity: undefined,
        serverName: undefined,
        sans: [],
        insecure: false,
      },
      files: { certificates: [], ca: undefined },
    });
  });

  test("`connect` stands for the mesh's certificate and roots; endpoints bring their names", () => {
    expect(toServiceTls(upstreamSchema.parse({ connect: true }))).toStrictEqual({
      tls: {
        trust: "connect:roots",
        identity: "connect:leaf",
        serverName: undefined,
        sans: [],
        insecure: false,
      },
      files: { certificates: [], ca: undefined },
    });
  });

  test("reads everything", () => {
    const sans = ["spiffe://Mesh/ns/web", "Web.internal"];
    const tls = { ca: "ca.pem", serverName: "Web.Internal", cert: "c.pem", key: "c.key", sans };
    expect(toServiceTls(upstreamSchema.parse({ tls }))).toStrictEqual({
      tls: {
        trust: "ca:ca.pem",
        identity: "file:c.pem",
        serverName: "web.internal",
        sans: ["spiffe://Mesh/ns/web", "web.internal"],
        insecure: false,
      },
      files: { certificates: [{ cert: "c.pem", key: "c.key", names: [] }], ca: "ca.pem" },
    });
  });

  test.each([
    ["an address as a name", { serverName: "10.0.0.1" }, "tls.serverName: wanted a host name"],
    ["a name in brackets", { serverName: "[::1]" }, "tls.serverName: wanted a host name"],
    ["a URI with blanks", { sans: ["spiffe://a b"] }, "tls.sans[0]: wanted a URI such as"],
    ["an empty name", { sans: [""] }, "tls.sans[0]: wanted a URI such as"],
    ["another key", { verify: false }, "tls.verify: wanted one of the keys ca, serverName"],
  ])("refuses %s", (_name, tls, wanted) => {
    expect(flaws(upstreamSchema, { tls })).toEqual([expect.stringContaining(wanted)]);
  });
});
