import { rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { LiveAccess } from "../../../../control/api/auth/access.ts";
import type { AccessRules, Caller } from "../../../../control/api/auth/access.ts";
import type { JwtConfig, TokenEntry } from "../../../../control/config/auth-schema.ts";
import { jsonLog } from "../../../../proxy/base/log.ts";
import { bearer, newToken } from "../../../support/api-tokens.ts";
import { eventually } from "../../../support/eventually.ts";
import { AUDIENCE, ISSUER, newKey, signed } from "../../../support/jwt-issuer.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { temporaryFolder } from "../../../support/temporary-folder.ts";

type Bed = { readonly access: LiveAccess; readonly clock: ManualClock; readonly logged: string[] };

async function open(rules: Partial<AccessRules>): Promise<Bed> {
  const clock = new ManualClock();
  const logged: string[] = [];
  const log = jsonLog(
    (line) => logged.push(line),
    () => 0,
  );
  const access = await LiveAccess.open(
    { auth: undefined, socketRole: undefined, folder: "/", ...rules },
    { clock, log },
  );
  onTestFinished(() => access.close());
  return { access, clock, logged };
}

const NOTHING: Caller = { authorization: undefined };

/** Who it is, or why nobody knows. */
async function whoIs(access: LiveAccess, caller: Caller): Promise<string> {
  return access.identify(caller).then(
    ({ actor, role }) => `${actor} ${role}`,
    (error: Error & { flaw: string }) => `${error.flaw}: ${error.message}`,
  );
}

/** The text of a file of tokens. */
function fileText(...entries: readonly TokenEntry[]): string {
  const tokens = entries.map(({ name, role, sha256 }) => ({ name, role, sha256 }));
  return JSON.stringify({ tokens });
}

test.each([
  [undefined, "local admin"],
  ["admin", "socket admin"],
  ["shift", "socket shift"],
] as const)(
  "Without credentials of their own callers have role %s: %s",
  async (socketRole, who) => {
    const { access } = await open({ socketRole });
    expect(await whoIs(access, NOTHING)).toBe(who);
    expect(await whoIs(access, bearer("anything"))).toBe(who);
  },
);

test("A token says who calls and what they may do, until it expires", async () => {
  const endMs = new ManualClock().wallMs() + 10_000;
  const ci = newToken("ci", { role: "shift", services: ["web"], expiresMs: endMs });
  const { access, clock } = await open({
    auth: { tokens: [ci.entry], tokenFile: undefined, certs: [] },
  });
  const principal = await access.identify(bearer(ci.secret));
  expect(principal).toMatchObject({ actor: "token:ci", role: "shift", services: ["web"] });
  await clock.advance(9_999);
  expect(principal.stands()).toBe(true);
  await clock.advance(1);
  expect(principal.stands()).toBe(false);
  await expect(access.identify(bearer(ci.secret))).rejects.toMatchObject({
    flaw: "expired",
    actor: "token:ci",
    message: expect.stringContaining("found token:ci, which has expired"),
  });
});

const PLAIN = newToken("plain");

test.each([
  ["no credential", undefined, "missing", "none"],
  ["a password", "Basic b3BzOnNlY3JldA==", "wrong", "another kind of credential"],
  ["an unknown token", `Bearer ${newToken("x").secret}`, "wrong", "one that is not known here"],
  ["two tokens", `Bearer ${PLAIN.secret}, Bearer x`, "wrong", "another kind of credential"],
  ["a token without its scheme", PLAIN.secret, "wrong", "another kind of credential"],
])("Nobody knows who calls with %s", async (_name, authorization, flaw, found) => {
  const { access } = await open({
    auth: { tokens: [PLAIN.entry], tokenFile: undefined, certs: [] },
  });
  expect(await whoIs(access, { authorization })).toBe(
    `${flaw}: Cannot tell who asks: wanted Authorization: Bearer TOKEN with a token that holds, ` +
      `found ${found}`,
  );
  expect(await whoIs(access, { authorization: `bearer ${PLAIN.secret}` })).toBe("token:plain read");
});

test("At a Unix socket a token counts for less, and no credential for the socket", async () => {
  const auth = { tokens: [PLAIN.entry], tokenFile: undefined, certs: [] };
  const { access } = await open({ auth, socketRole: "admin" });
  expect(await whoIs(access, NOTHING)).toBe("socket admin");
  expect(await whoIs(access, bearer(PLAIN.secret))).toBe("token:plain read");
  expect(await whoIs(access, bearer("nonsense"))).toMatch(/^wrong/);
});

test("A file of tokens is followed; one that cannot be used changes nothing", async () => {
  const path = join(await temporaryFolder(), "tokens.yaml");
  const [ci, next] = [newToken("ci"), newToken("next", { role: "admin" })];
  await writeFile(path, fileText(ci.entry));
  const auth = { tokens: [PLAIN.entry], tokenFile: "./tokens.yaml", certs: [] };
  const { access, clock, logged } = await open({ auth, folder: dirname(path) });
  const principal = await access.identify(bearer(ci.secret));
  const change = async (text: string): Promise<void> => {
    await writeFile(`${path}.new`, text);
    await rename(`${path}.new`, path);
    const lines = logged.length;
    await eventually(() => expect(clock.sleeping).toBe(1));
    await clock.advance(5_000);
    await eventually(() => expect(logged.length).toBe(lines + 1));
  };
  await change("tokens: [{ name: ci }]");
  expect(logged.at(-1)).toContain("auth.tokens-unreadable");
  expect(access.problems).toEqual([expect.stringContaining("tokens[0].sha256")]);
  expect(await whoIs(access, bearer(ci.secret))).toBe("token:ci read");
  await change(fileText(next.entry));
  expect(logged.at(-1)).toContain('"event":"auth.tokens"');
  expect(access.problems).toEqual([]);
  expect(await whoIs(access, bearer(next.secret))).toBe("token:next admin");
  expect(await whoIs(access, bearer(ci.secret))).toMatch(/^wrong/);
  expect(await whoIs(access, bearer(PLAIN.secret))).toBe("token:plain read");
  expect(principal.stands()).toBe(false);
});

test("A JWT counts beside tokens, as long as its issuer is configured", async () => {
  const key = await newKey("one");
  const folder = await temporaryFolder();
  await writeFile(join(folder, "keys.json"), JSON.stringify(key.set));
  const jwt: JwtConfig = {
    issuer: ISSUER,
    audience: AUDIENCE,
    jwks: "keys.json",
    algorithms: ["ES256"],
    roleClaim: "role",
  };
  const auth = { tokens: [PLAIN.entry], tokenFile: undefined, certs: [], jwt };
  const { access, clock } = await open({ auth, folder });
  const caller = bearer(await signed(key, clock.wallMs()));
  expect(await whoIs(access, caller)).toBe("jwt:ann shift");
  expect(await whoIs(access, bearer(PLAIN.secret))).toBe("token:plain read");
  const principal = await access.identify(caller);
  const same = await access.prepare({ ...auth, tokens: [] });
  same();
  expect([principal.stands(), await whoIs(access, caller)]).toEqual([true, "jwt:ann shift"]);
  const other = await access.prepare({ ...auth, jwt: { ...jwt, audience: "other" } });
  other();
  expect([principal.stands(), await whoIs(access, caller)]).toEqual([
    false,
    expect.stringMatching(/^wrong/),
  ]);
});

test("prepare() puts other credentials to use only when it is told to", async () => {
  const { access } = await open({
    auth: { tokens: [PLAIN.entry], tokenFile: undefined, certs: [] },
  });
  const ci = newToken("ci");
  const use = await access.prepare({ tokens: [ci.entry], tokenFile: undefined, certs: [] });
  expect(await whoIs(access, bearer(ci.secret))).toMatch(/^wrong/);
  use();
  expect(await whoIs(access, bearer(ci.secret))).toBe("token:ci read");
  const off = await access.prepare(undefined);
  off();
  const local = await access.identify(NOTHING);
  use();
  expect([local.actor, local.stands()]).toEqual(["local", false]);
  await expect(access.prepare({ tokens: [], tokenFile: "/nowhere", certs: [] })).rejects.toThrow(
    "/nowhere",
  );
});
