import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  parseServiceId,
  serviceIdText,
  soleServiceId,
} from "../../../proxy/intentions/spiffe-id.ts";

/* Goal: an id is what Consul means by it, or it is none. */

const DOMAIN = "15a114cf-c2a2-5fcb-7a84-a39234966ee0.consul";
const ID = {
  trustDomain: DOMAIN,
  partition: "default",
  namespace: "default",
  datacenter: "dc1",
  service: "web",
};

describe("the id of a service", () => {
  test.each([
    [`spiffe://${DOMAIN}/ns/default/dc/dc1/svc/web`, ID],
    [
      `spiffe://${DOMAIN}/ap/retail/ns/shop/dc/eu-1/svc/web.v2`,
      { ...ID, partition: "retail", namespace: "shop", datacenter: "eu-1", service: "web.v2" },
    ],
    [`spiffe://${DOMAIN}/ns/default/dc/dc1/svc/w%20b`, { ...ID, service: "w b" }],
    [`spiffe://${DOMAIN}/ns/default/dc/dc1/svc/%77eb`, ID],
  ])("%s", (uri, id) => {
    expect(parseServiceId(uri)).toEqual(id);
  });

  test("it is written as Consul writes it, and read back as the same", () => {
    expect(serviceIdText(ID)).toBe(`spiffe://${DOMAIN}/ns/default/dc/dc1/svc/web`);
    const part = fc.stringMatching(/^[a-zA-Z0-9 _~é-]{1,12}$/);
    fc.assert(
      fc.property(part, part, part, part, (partition, namespace, datacenter, service) => {
        const id = { ...ID, partition, namespace, datacenter, service };
        expect(parseServiceId(serviceIdText(id))).toEqual(id);
      }),
      { seed: 13 },
    );
  });

  test.each([
    ["an authority's", `spiffe://${DOMAIN}`],
    ["an agent's", `spiffe://${DOMAIN}/agent/client/dc/dc1/id/node-1`],
    ["a mesh gateway's", `spiffe://${DOMAIN}/gateway/mesh/dc/dc1`],
    ["a server's", `spiffe://${DOMAIN}/agent/server/dc/dc1`],
    ["a workload identity's", `spiffe://${DOMAIN}/ap/default/ns/default/identity/web`],
    ["another scheme", `https://${DOMAIN}/ns/default/dc/dc1/svc/web`],
    ["a scheme in capitals", `SPIFFE://${DOMAIN}/ns/default/dc/dc1/svc/web`],
    ["a domain in capitals", `spiffe://A.consul/ns/default/dc/dc1/svc/web`],
    ["no domain", "spiffe:///ns/default/dc/dc1/svc/web"],
    ["a user", `spiffe://me@${DOMAIN}/ns/default/dc/dc1/svc/web`],
    ["a port", `spiffe://${DOMAIN}:443/ns/default/dc/dc1/svc/web`],
    ["a query", `spiffe://${DOMAIN}/ns/default/dc/dc1/svc/web?x`],
    ["a fragment", `spiffe://${DOMAIN}/ns/default/dc/dc1/svc/web#x`],
    ["something behind it", `spiffe://${DOMAIN}/ns/default/dc/dc1/svc/web/x`],
    ["a slash behind it", `spiffe://${DOMAIN}/ns/default/dc/dc1/svc/web/`],
    ["something before it", `spiffe://${DOMAIN}/x/ns/default/dc/dc1/svc/web`],
    ["an empty service", `spiffe://${DOMAIN}/ns/default/dc/dc1/svc/`],
    ["an empty partition", `spiffe://${DOMAIN}/ap//ns/default/dc/dc1/svc/web`],
    ["a service of any name", `spiffe://${DOMAIN}/ns/default/dc/dc1/svc/*`],
    ["a service of any name, escaped", `spiffe://${DOMAIN}/ns/default/dc/dc1/svc/%2a`],
    ["a slash, escaped", `spiffe://${DOMAIN}/ns/default/dc/dc1/svc/web%2Fapi`],
    ["a NUL, escaped", `spiffe://${DOMAIN}/ns/default/dc/dc1/svc/web%00`],
    ["a dot segment", `spiffe://${DOMAIN}/ns/default/dc/../svc/web`],
    ["an escape that is none", `spiffe://${DOMAIN}/ns/default/dc/dc1/svc/web%zz`],
    ["bytes that are no UTF-8", `spiffe://${DOMAIN}/ns/default/dc/dc1/svc/web%ff`],
    ["a blank", `spiffe://${DOMAIN}/ns/default/dc/dc1/svc/w b`],
    ["a line end", `spiffe://${DOMAIN}/ns/default/dc/dc1/svc/web\n`],
    ["a long one", `spiffe://${DOMAIN}/ns/default/dc/dc1/svc/${"w".repeat(2_048)}`],
    ["nothing", ""],
  ])("%s is none", (_, uri) => {
    expect(parseServiceId(uri)).toBeUndefined();
  });
});

test("whoever has no URI or several is nobody", () => {
  const uri = `spiffe://${DOMAIN}/ns/default/dc/dc1/svc/web`;
  expect(soleServiceId([uri])).toEqual(ID);
  for (const uris of [[], [uri, uri], [uri, "https://a"], ["https://a"]]) {
    expect(soleServiceId(uris)).toBeUndefined();
  }
});
