import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { ANYBODY, readAccess } from "../../../control/cli/api-access.ts";
import type { AccessOptions, ApiAccess } from "../../../control/cli/api-access.ts";
import { readApiAddress } from "../../../control/cli/api-address.ts";
import { createAuthority } from "../../support/authority.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const AUTHORITY = createAuthority();
const OURS = AUTHORITY.issue();
const FILES: Readonly<Record<string, string>> = {
  "a.token": "token-a\n",
  "b.token": "token-b",
  "empty.token": "\n",
  "two.token": "first\nsecond\n",
  "ca.pem": AUTHORITY.pem,
  "our.pem": OURS.certPem,
  "our.key": OURS.keyPem,
  "other.key": AUTHORITY.issue().keyPem,
  "bad.pem": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
  "no.pem": "nothing",
};

let folder: string;

beforeEach(async () => {
  folder = await temporaryFolder();
  for (const [name, text] of Object.entries(FILES)) {
    await writeFile(join(folder, name), text, { mode: 0o600 });
  }
});

/** What options and variables come to, each file in them by its name in the folder. */
function read(options: AccessOptions, env: NodeJS.ProcessEnv = {}, api = "https://x"): ApiAccess {
  const placed = <Values extends object>(values: Values): Values =>
    Object.fromEntries(
      Object.entries(values).map(([name, text]) => [
        name,
        Object.hasOwn(FILES, String(text)) ? join(folder, String(text)) : text,
      ]),
    ) as Values;
  return readAccess(placed(options), placed(env), readApiAddress(api));
}

const ENV = { SLUICE_TOKEN_FILE: "b.token", SLUICE_TOKEN: "from-env" };

test.each<[string, AccessOptions, NodeJS.ProcessEnv, string | undefined]>([
  ["--token-file before all variables", { tokenFile: "a.token" }, ENV, "token-a"],
  ["--token before all variables", { token: "given" }, ENV, "given"],
  ["SLUICE_TOKEN_FILE before SLUICE_TOKEN", {}, ENV, "token-b"],
  ["SLUICE_TOKEN", {}, { ...ENV, SLUICE_TOKEN_FILE: "" }, "from-env"],
  ["none from empty variables", {}, { SLUICE_TOKEN_FILE: "", SLUICE_TOKEN: "" }, undefined],
])("readAccess() takes the token from %s", (_name, options, env, token) => {
  expect(read(options, env).token?.text).toBe(token);
});

test("readAccess() says where a token is from, and reads it for every kind of address", () => {
  for (const api of ["unix:/run/api.sock", "http://127.0.0.1:9180", "https://x"]) {
    const { token } = read({ tokenFile: "a.token" }, {}, api);
    expect(token?.from).toBe(`--token-file ${join(folder, "a.token")}`);
  }
});

test.each<[string, AccessOptions, NodeJS.ProcessEnv, string]>([
  ["two tokens", { token: "a", tokenFile: "a.token" }, {}, "wanted --token or --token-file"],
  ["an empty file", { tokenFile: "empty.token" }, {}, "wanted visible ASCII, found nothing"],
  ["a file of two", { tokenFile: "two.token" }, {}, "wanted visible ASCII, found other char"],
  ["no header field", { token: "a\nb" }, {}, "the token of --token: wanted visible ASCII"],
  ["a token of umlauts", {}, { SLUICE_TOKEN: "grün" }, "the token of SLUICE_TOKEN: wanted"],
  ["no file", {}, { SLUICE_TOKEN_FILE: "gone" }, "the token of SLUICE_TOKEN_FILE gone: ENOENT"],
])("readAccess() refuses %s, and never quotes it", (_name, options, env, words) => {
  expect(() => read(options, env)).toThrow(
    expect.objectContaining({ code: "usage", message: expect.stringContaining(words) }),
  );
  expect(() => read(options, env)).not.toThrow(/first|second|a\nb|grün/);
});

test("readAccess() refuses a token and a key that others can read", async () => {
  for (const name of ["a.token", "our.key"]) await chmod(join(folder, name), 0o644);
  expect(() => read({ tokenFile: "a.token" })).toThrow("closed to others, found mode 0644");
  expect(() => read({ cert: "our.pem", key: "our.key" })).toThrow("closed to others, found mode");
});

test("readAccess() reads certificates by options and variables, for https:// only", () => {
  const env = { SLUICE_CA: "ca.pem", SLUICE_CERT: "bad.pem", SLUICE_KEY: "our.key" };
  expect(read({ cert: "our.pem" }, env).tls).toEqual({
    ca: FILES["ca.pem"],
    cert: FILES["our.pem"],
    key: FILES["our.key"],
  });
  expect(read({}, {}).tls).toEqual({ ca: undefined, cert: undefined, key: undefined });
  // One environment for several sidecars.
  expect(read({}, env, "unix:/run/api.sock")).toEqual(ANYBODY);
});

test.each<[AccessOptions, string, string]>([
  [{ ca: "ca.pem" }, "http://127.0.0.1:1", "Cannot use --ca: wanted an address with https://, fo"],
  [{ key: "our.key" }, "unix:/x", "Cannot use --key: wanted an address with https://, found unix"],
  [{ cert: "our.pem" }, "https://x", "Cannot show a certificate: wanted --cert and --key, found"],
  [{ key: "our.key" }, "https://x", "Cannot show a certificate: wanted --cert and --key, found"],
  [{ ca: "gone" }, "https://x", "Cannot read --ca gone: ENOENT"],
  [{ ca: "no.pem" }, "https://x", "no.pem: wanted PEM that fits, found no certificate"],
  [{ ca: "bad.pem" }, "https://x", "bad.pem: wanted PEM that fits, found error:"],
  [{ cert: "our.pem", key: "other.key" }, "https://x", "key values mismatch"],
  [{ cert: "no.pem", key: "our.key" }, "https://x", "no start line"],
])("readAccess() refuses %j at %s", (options, api, words) => {
  expect(() => read(options, {}, api)).toThrow(
    expect.objectContaining({
      code: "usage",
      exitCode: 2,
      message: expect.stringContaining(words),
    }),
  );
  expect(() => read(options, {}, api)).not.toThrow(/BEGIN/);
});
