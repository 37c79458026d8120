import { describe, expect, test } from "vitest";
import { missingIds, NO_TLS_MATERIAL } from "../../../proxy/table/tls.ts";
import type { ListenerTls, TlsMaterial } from "../../../proxy/table/tls.ts";

const material: TlsMaterial = {
  identities: [{ id: "file:a", certPem: "", keyPem: "", names: [] }],
  trusts: [{ id: "ca:a", pem: "" }],
  ticketKeys: [],
};

function tls(identities: readonly string[], trust?: string): ListenerTls {
  return {
    identities,
    minVersion: "1.2",
    clientCert: "none",
    trust,
    intentions: false,
    forwardClientCert: "off",
    handshakesMax: 1,
    replacedMaxAgeMs: 0,
  };
}

describe("missingIds()", () => {
  test("names certificates and roots that the material lacks", () => {
    expect(missingIds(tls(["file:a", "file:b"], "ca:b"), material)).toEqual(["file:b", "ca:b"]);
    expect(missingIds(tls(["file:a"], "ca:a"), NO_TLS_MATERIAL)).toEqual(["file:a", "ca:a"]);
  });

  test("finds nothing missing when all is there", () => {
    expect(missingIds(tls(["file:a"], "ca:a"), material)).toEqual([]);
    expect(missingIds(tls(["file:a"]), material)).toEqual([]);
  });
});
