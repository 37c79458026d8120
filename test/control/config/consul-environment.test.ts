import { expect, test } from "vitest";
import { withConsulEnvironment } from "../../../control/config/consul-environment.ts";
import { readConfig } from "../../../control/config/load.ts";

const TOKEN = "8f0e3a52-5a5f";
type Row = readonly [string, Record<string, unknown>, Record<string, string>, object];

const ROWS: readonly Row[] = [
  ["nothing without variables", {}, {}, {}],
  [
    "an address without a scheme",
    {},
    { CONSUL_HTTP_ADDR: "consul:8500" },
    { address: "http://consul:8500" },
  ],
  [
    "a socket file",
    {},
    { CONSUL_HTTP_ADDR: "unix:///run/consul.sock" },
    { address: "unix:///run/consul.sock" },
  ],
  [
    "the file's address before the variable",
    { address: "http://a" },
    { CONSUL_HTTP_ADDR: "b" },
    {},
  ],
  ["https by default", {}, { CONSUL_HTTP_SSL: "1" }, { address: "https://127.0.0.1:8500" }],
  [
    "https for an address that says http, as Consul's programs do",
    {},
    { CONSUL_HTTP_SSL: "true", CONSUL_HTTP_ADDR: "http://consul:8501" },
    { address: "https://consul:8501" },
  ],
  [
    "http when it is off",
    {},
    { CONSUL_HTTP_SSL: "f", CONSUL_HTTP_ADDR: "a" },
    { address: "http://a" },
  ],
  ["a token", {}, { CONSUL_HTTP_TOKEN: TOKEN }, { token: TOKEN }],
  [
    "a token's file before its text",
    {},
    { CONSUL_HTTP_TOKEN: TOKEN, CONSUL_HTTP_TOKEN_FILE: "/t" },
    { tokenFile: "/t" },
  ],
  ["no token where the file has an empty one", { token: "" }, { CONSUL_HTTP_TOKEN: TOKEN }, {}],
  ["no token where the file has a file", { tokenFile: "/t" }, { CONSUL_HTTP_TOKEN: TOKEN }, {}],
  ["a partition", {}, { CONSUL_PARTITION: "east" }, { partition: "east" }],
  ["a namespace", {}, { CONSUL_NAMESPACE: "team" }, { namespace: "team" }],
  [
    "what belongs to TLS, but no file's",
    { tls: { ca: "own.pem" } },
    {
      CONSUL_CACERT: "ca.pem",
      CONSUL_CAPATH: "certs",
      CONSUL_CLIENT_CERT: "c.pem",
      CONSUL_CLIENT_KEY: "k.pem",
      CONSUL_TLS_SERVER_NAME: "server.dc1.consul",
      CONSUL_HTTP_SSL_VERIFY: "false",
    },
    {
      tls: {
        ca: "own.pem",
        cert: "c.pem",
        key: "k.pem",
        serverName: "server.dc1.consul",
        insecure: true,
      },
    },
  ],
  [
    "no key to another certificate",
    { tls: { cert: "own.pem", key: "own.key" } },
    { CONSUL_CLIENT_KEY: "k.pem" },
    {},
  ],
  ["nothing of an empty variable", {}, { CONSUL_HTTP_ADDR: "", CONSUL_HTTP_SSL: "" }, {}],
];

test.each(ROWS)("withConsulEnvironment() takes %s", (_, consul, environment, more) => {
  const filled = withConsulEnvironment(consul, environment);
  expect(filled).toEqual({ consul: { ...consul, ...more }, flaws: [] });
});

/** A file with this `consul:`, read with these variables. */
function read(consul: object, environment: Record<string, string>) {
  const document = { listeners: [{ bind: "127.0.0.1:0" }], consul };
  return readConfig(JSON.stringify(document), { file: "sluice.json", environment });
}

test.each([
  [
    "plain HTTP where TLS is asked for",
    { address: "http://consul:8500" },
    { CONSUL_HTTP_SSL: "true" },
    "consul.address: wanted an https:// URL, as CONSUL_HTTP_SSL is true, found one with http://",
  ],
  ["a word that is no boolean", {}, { CONSUL_HTTP_SSL: "yes" }, "CONSUL_HTTP_SSL to be true or"],
  ["an address that is none", {}, { CONSUL_HTTP_ADDR: "ftp://x" }, 'CONSUL_HTTP_ADDR "ftp://x"'],
  ["a folder of certificates", {}, { CONSUL_CAPATH: "certs" }, "found CONSUL_CAPATH"],
  ["a user and password", {}, { CONSUL_HTTP_AUTH: "u:p" }, "CONSUL_HTTP_AUTH to be unset"],
  ["a certificate without a key", {}, { CONSUL_CLIENT_CERT: "c.pem" }, "cert and key together"],
])("readConfig() refuses %s in the environment for Consul", (_, consul, environment, words) => {
  expect(() => read(consul, environment)).toThrow(words);
});

test("readConfig() tells no password that stands in CONSUL_HTTP_ADDR", () => {
  const environment = { CONSUL_HTTP_ADDR: "http://me:secret@consul" };
  expect(() => read({}, environment)).toThrow(/^((?!secret).)*$/s);
});

test("readConfig() fills in `consul` from the environment, and only where the file has one", () => {
  const environment = { CONSUL_HTTP_ADDR: "consul:8500", CONSUL_HTTP_TOKEN: TOKEN };
  expect(read({}, environment).consul).toMatchObject({
    address: "http://consul:8500",
    token: TOKEN,
  });
  const without = JSON.stringify({ listeners: [{ bind: "127.0.0.1:0" }] });
  expect(readConfig(without, { file: "a.json", environment }).consul).toBeUndefined();
});
