import { expect, test } from "vitest";
import { readConfig } from "../../../control/config/load.ts";

const HASH = "9f".repeat(32);

function authOf(auth: string): unknown {
  const text = `listeners: [{ bind: "127.0.0.1:8080" }]\ncontrol: { auth: ${auth} }\n`;
  return readConfig(text, { file: "f", environment: {} }).control.auth;
}

test("auth is off unless somebody says who may call", () => {
  expect(authOf("off")).toBeUndefined();
  const none = readConfig('listeners: [{ bind: "127.0.0.1:8080" }]', {
    file: "f",
    environment: {},
  });
  expect(none.control.auth).toBeUndefined();
});

const ISSUER = "issuer: i, audience: a";

test.each([
  "keys.json",
  "/etc/keys.json",
  "https://issuer.test/keys",
  "http://127.0.0.1:8080/keys",
  "http://[::1]/keys",
  "http://localhost/keys",
])("the keys of an issuer may be at %s", (jwks) => {
  const auth = authOf(`{ jwt: { ${ISSUER}, jwks: "${jwks}" } }`);
  expect(auth).toMatchObject({
    jwt: { jwks, algorithms: ["RS256", "ES256"], roleClaim: "role" },
  });
});

test.each([
  ["2027-01-01", Date.UTC(2027, 0, 1)],
  ["2027-01-01T12:30:00Z", Date.UTC(2027, 0, 1, 12, 30)],
])("a token expires at %s", (expires, expiresMs) => {
  const auth = authOf(
    `{ tokens: [{ name: ci, role: admin, sha256: "${HASH}", expires: "${expires}" }] }`,
  );
  expect(auth).toMatchObject({ tokens: [{ name: "ci", role: "admin", expiresMs }] });
});

const HASH_TEXT = `sha256: "${HASH}"`;

test.each([
  ["something else than off", "on", 'control.auth: wanted an object, found "on"'],
  ["no credentials", "{}", "wanted at least one of tokens, tokenFile, certs and jwt, or off"],
  [
    "another role",
    `{ tokens: [{ name: ci, role: root, ${HASH_TEXT} }] }`,
    "tokens[0].role: wanted one of read, shift, write, admin",
  ],
  [
    "a reader of some services",
    `{ tokens: [{ name: ci, role: read, services: [web], ${HASH_TEXT} }] }`,
    "tokens[0].services: wanted no list for the role read",
  ],
  [
    "a hash in capitals",
    `{ tokens: [{ name: ci, role: read, sha256: "${HASH.toUpperCase()}" }] }`,
    "tokens[0].sha256: wanted the SHA-256",
  ],
  [
    "a day that is none",
    `{ tokens: [{ name: ci, role: read, ${HASH_TEXT}, expires: 2027-02-30 }] }`,
    "tokens[0].expires: wanted a day or an instant in UTC",
  ],
  [
    "a symmetric algorithm",
    `{ jwt: { ${ISSUER}, jwks: keys.json, algorithms: [HS256] } }`,
    "jwt.algorithms[0]: wanted one of RS256",
  ],
  [
    "no signature",
    `{ jwt: { ${ISSUER}, jwks: keys.json, algorithms: [none] } }`,
    "jwt.algorithms[0]: wanted one of RS256",
  ],
  [
    "keys that come in clear",
    `{ jwt: { ${ISSUER}, jwks: "http://issuer.test/keys" } }`,
    "jwt.jwks: wanted a file, or a URL with https://",
  ],
  [
    "a URL with a password",
    `{ jwt: { ${ISSUER}, jwks: "https://a:b@issuer.test/keys" } }`,
    "jwt.jwks: wanted a file, or a URL with https://",
  ],
  [
    "a JWT for anybody",
    "{ jwt: { issuer: i, jwks: keys.json } }",
    "jwt.audience: wanted a text, found nothing",
  ],
  [
    "a certificate with two names",
    "{ certs: [{ uri: 'a:b', dns: a.test, role: read }] }",
    "certs[0]: wanted one of uri and dns",
  ],
  [
    "a certificate by its address",
    "{ certs: [{ dns: 10.0.0.1, role: read }] }",
    "certs[0].dns: wanted a host name",
  ],
  [
    "a certificate by what is no URI",
    "{ certs: [{ uri: ci.test, role: read }] }",
    "certs[0].uri: wanted a URI such as spiffe://mesh/ci",
  ],
  [
    "one certificate twice",
    "{ certs: [{ dns: A.test, role: read }, { dns: a.test, role: admin }] }",
    "certs: wanted each name once",
  ],
  [
    "one name twice",
    `{ tokens: [{ name: ci, role: read, ${HASH_TEXT} },` +
      ` { name: ci, role: read, sha256: "${"00".repeat(32)}" }] }`,
    "tokens: wanted each name once",
  ],
  [
    "one token twice",
    `{ tokens: [{ name: ci, role: read, ${HASH_TEXT} }, { name: b, role: read, ${HASH_TEXT} }] }`,
    "tokens: wanted each token once",
  ],
])("auth refuses %s", (_name, auth, message) => {
  expect(() => authOf(auth)).toThrow(message);
});
