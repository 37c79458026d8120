import { expect, test } from "vitest";
import { clientCertField } from "../../../proxy/clients/client-cert-field.ts";

const CLIENT = { uris: [], dns: [], fingerprint: "ab12" };

test.each([
  [[], CLIENT, "Hash=ab12"],
  [
    ["spiffe://m/a"],
    { ...CLIENT, uris: ["spiffe://m/b"] },
    "By=spiffe://m/a;Hash=ab12;URI=spiffe://m/b",
  ],
  [[], { ...CLIENT, dns: ["a.example", "b.example"] }, "Hash=ab12;DNS=a.example;DNS=b.example"],
  [[], { ...CLIENT, uris: ['u:a,b;c="d\\'] }, 'Hash=ab12;URI="u:a,b;c=\\"d\\\\"'],
])("clientCertField() of %j to %j is %s", (own, client, value) => {
  expect(clientCertField(own, client)).toBe(`X-Forwarded-Client-Cert: ${value}\r\n`);
});
