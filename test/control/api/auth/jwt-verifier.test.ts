import { writeFile } from "node:fs/promises";
import { join as joinPath } from "node:path";
import { SignJWT } from "jose";
import type { JSONWebKeySet } from "jose";
import { beforeAll, expect, test } from "vitest";
import { JwtVerifier } from "../../../../control/api/auth/jwt-verifier.ts";
import type { JwtConfig } from "../../../../control/config/auth-schema.ts";
import { jsonLog } from "../../../../proxy/base/log.ts";
import { AUDIENCE, ISSUER, join, newKey, serveKeys, signed } from "../../../support/jwt-issuer.ts";
import type { IssuerKey } from "../../../support/jwt-issuer.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { temporaryFolder } from "../../../support/temporary-folder.ts";

let key: IssuerKey;
let other: IssuerKey;
let rsa: IssuerKey;

beforeAll(async () => {
  [key, other, rsa] = await Promise.all([newKey("one"), newKey("two"), newKey("rsa", "RS256")]);
});

type Bed = {
  readonly clock: ManualClock;
  readonly logged: string[];
  readonly path: string;
  readonly verifier: JwtVerifier;
  /** Who has signed what, or why nobody knows. */
  readonly who: (token: string) => Promise<string>;
};

/** A verifier with the keys of a file, or of a URL if `change` says so. */
async function bed(set: JSONWebKeySet, change: Partial<JwtConfig> = {}): Promise<Bed> {
  const folder = await temporaryFolder();
  const path = joinPath(folder, "keys.json");
  await writeFile(path, JSON.stringify(set));
  const clock = new ManualClock();
  const logged: string[] = [];
  const log = jsonLog(
    (line) => logged.push((JSON.parse(line) as { event: string }).event),
    () => 0,
  );
  const config: JwtConfig = {
    issuer: ISSUER,
    audience: AUDIENCE,
    jwks: "keys.json",
    algorithms: ["ES256"],
    roleClaim: "role",
    ...change,
  };
  const verifier = await JwtVerifier.open(config, folder, { clock, log });
  const who = async (token: string): Promise<string> =>
    verifier.verify(token).then(
      ({ actor, role, services }) => [actor, role, ...(services ?? ["all"])].join(" "),
      (error: { flaw: string; message: string }) =>
        `${error.flaw}: ${error.message.replace(/.*, found /, "")}`,
    );
  return { clock, logged, path, verifier, who };
}

test("A JWT says who calls, and is over when it says so", async () => {
  const { clock, verifier, who } = await bed(key.set);
  const token = await signed(key, clock.wallMs());
  expect(await who(token)).toBe("jwt:ann shift all");
  const principal = await verifier.verify(token);
  await clock.advance(89_000);
  expect([principal.stands(), await who(token)]).toEqual([true, "jwt:ann shift all"]);
  await clock.advance(2_000);
  expect(principal.stands()).toBe(false);
  expect(await who(token)).toBe("expired: jwt:ann, which has expired");
});

test.each<[string, Readonly<Record<string, unknown>>, string]>([
  ["of another issuer", { iss: "https://evil.test" }, "a JWT whose iss is not as it must be"],
  ["for somebody else", { aud: "shop" }, "a JWT whose aud is not as it must be"],
  ["for nobody", { aud: undefined }, "a JWT whose aud is not as it must be"],
  ["without an end", { exp: undefined }, "a JWT whose exp is not as it must be"],
  ["of the future", { nbf: 4e9 }, "a JWT whose nbf is not as it must be"],
  ["made in the future", { nbf: undefined, iat: 4e9 }, "that it is valid already"],
  ["without a beginning", { nbf: undefined, iat: undefined }, "that it is valid already"],
  ["of nobody", { sub: undefined }, "a JWT whose sub is not as it must be"],
  ["with a strange subject", { sub: "\u001b[31mann" }, "1 to 200 visible characters of ASCII"],
  ["with a long subject", { sub: "x".repeat(201) }, "1 to 200 visible characters of ASCII"],
  ["without a role", { role: undefined }, "a JWT without a role of Sluice in role"],
  ["with another role", { role: "root" }, "a JWT without a role of Sluice in role"],
  ["that is too long", { more: "x".repeat(8_000) }, "one of more than 8192 characters"],
])("A JWT %s lets nobody in", async (_name, claims, found) => {
  const { clock, who } = await bed(key.set);
  expect(await who(await signed(key, clock.wallMs(), claims))).toMatch(
    new RegExp(`^wrong: .*${RegExp.escape(found)}`),
  );
});

test.each<[string, Readonly<Record<string, unknown>>, string]>([
  ["a beginning by iat", { nbf: undefined }, "jwt:ann shift web"],
  ["a role among others", { role: ["dev", "read", "write"] }, "jwt:ann write web"],
  ["several services", { services: ["web", "shop"] }, "jwt:ann shift web shop"],
  ["services in one text", { services: "web shop" }, "jwt:ann shift web shop"],
  ["all services", { services: ["*"] }, "jwt:ann shift all"],
])("A JWT with %s does", async (_name, claims, wanted) => {
  const { clock, who } = await bed(key.set, { servicesClaim: "services" });
  expect(await who(await signed(key, clock.wallMs(), { services: "web", ...claims }))).toBe(wanted);
});

test.each<[string, unknown]>([
  ["none", undefined],
  ["an empty list", []],
  ["an empty text", ""],
  ["a number among them", ["web", 1]],
  ["an object", { web: true }],
  ["too many", Array.from({ length: 257 }, (_, index) => `s${index}`)],
])("A JWT that names %s where services are wanted lets nobody in", async (_name, services) => {
  const { clock, who } = await bed(key.set, { servicesClaim: "services" });
  expect(await who(await signed(key, clock.wallMs(), { services }))).toMatch(
    /^wrong: a JWT without 1 to 256 services in services/,
  );
});

test("A JWT must be signed by a key of the issuer, in a way that is allowed", async () => {
  const { clock, who } = await bed(join(key, rsa));
  const nowMs = clock.wallMs();
  const good = await signed(key, nowMs);
  const [head = "", body = "", signature = ""] = good.split(".");
  const forged = Buffer.from(JSON.stringify({ sub: "eve" })).toString("base64url");
  expect(await who([head, forged, signature].join("."))).toBe(
    "wrong: a JWT with a wrong signature",
  );
  expect(await who(await signed({ ...other, kid: "one" }, nowMs))).toBe(
    "wrong: a JWT with a wrong signature",
  );
  expect(await who(await signed(other, nowMs))).toBe(
    "wrong: a JWT of a key that its issuer does not have",
  );
  expect(await who(await signed(rsa, nowMs))).toBe(
    "wrong: a JWT with an algorithm that is not allowed",
  );
  const none = Buffer.from('{"alg":"none"}').toString("base64url");
  expect(await who(`${none}.${body}.`)).toMatch(/^wrong: /);
  // The public key as the secret of a symmetric algorithm.
  const secret = new TextEncoder().encode(JSON.stringify(key.set.keys[0]).padEnd(64));
  const confused = new SignJWT({ sub: "eve", role: "admin" }).setProtectedHeader({ alg: "HS256" });
  expect(await who(await confused.sign(secret))).toBe(
    "wrong: a JWT with an algorithm that is not allowed",
  );
  for (const nonsense of ["a.b.c", "..", "sluice.", `${good}.x`]) {
    expect(await who(nonsense)).toMatch(/^wrong: /);
  }
});

test("A file of keys is read again when it changes, and for a key that is missing", async () => {
  const { clock, logged, path, verifier, who } = await bed(key.set);
  const [old, next] = [await signed(key, clock.wallMs()), await signed(other, clock.wallMs())];
  const principal = await verifier.verify(old);
  await writeFile(path, JSON.stringify(join(key, other)));
  expect(await who(next)).toBe("jwt:ann shift all");
  expect([principal.stands(), await who(old)]).toEqual([true, "jwt:ann shift all"]);
  await writeFile(path, "{}");
  await verifier.refresh();
  expect(verifier.problem).toMatch(/wanted a JSON Web Key Set of at most 64 keys/);
  expect(await who(old)).toBe("jwt:ann shift all");
  await writeFile(path, JSON.stringify(other.set));
  await verifier.refresh();
  expect([verifier.problem, principal.stands()]).toEqual([undefined, false]);
  expect(await who(old)).toMatch(/^wrong: a JWT of a key that its issuer does not have/);
  expect(logged).toEqual(["auth.keys", "auth.keys-unreadable", "auth.keys"]);
});

test("Keys at a URL are asked for seldom, and stay while it is away", async () => {
  const server = await serveKeys(key.set);
  const { clock, logged, verifier, who } = await bed(key.set, { jwks: server.url });
  const token = async (of: IssuerKey): Promise<string> => signed(of, clock.wallMs());
  expect(await who(await token(key))).toBe("jwt:ann shift all");
  expect(await who(await token(key))).toBe("jwt:ann shift all");
  expect(server.asked).toBe(1);
  server.answer.body = JSON.stringify(join(key, other));
  expect(await who(await token(other))).toMatch(/^wrong/);
  expect(server.asked).toBe(1);
  await clock.advance(30_000);
  const both = [who(await token(other)), who(await token(other))];
  expect(await Promise.all(both)).toEqual(["jwt:ann shift all", "jwt:ann shift all"]);
  expect(server.asked).toBe(2);
  await verifier.refresh();
  expect(server.asked).toBe(2);
  server.answer = { status: 503, body: "" };
  await clock.advance(600_000);
  await verifier.refresh();
  expect([server.asked, verifier.problem]).toEqual([
    3,
    `Cannot read the keys at ${server.url}: wanted status 200, found 503`,
  ]);
  expect(await who(await token(other))).toBe("jwt:ann shift all");
  expect(new Set(logged)).toEqual(new Set(["auth.keys", "auth.keys-unreadable"]));
});

test.each([
  ["a redirect", { status: 302, body: "" }],
  ["something else", { status: 200, body: "<html>" }],
  ["too much", { status: 200, body: JSON.stringify({ keys: [], more: "x".repeat(300_000) }) }],
])("Keys at a URL that answers with %s are not known", async (_name, answer) => {
  const server = await serveKeys(key.set);
  server.answer = answer;
  const { clock, verifier, who } = await bed(key.set, { jwks: server.url });
  expect(await who(await signed(key, clock.wallMs()))).toBe(
    "wrong: a JWT, whose issuer's keys are not known yet",
  );
  expect(verifier.problem).toMatch(/^Cannot read the keys at/);
});

test("A file with a private key, or none that can be read, does not open", async () => {
  const secret = { keys: [{ ...key.set.keys[0], d: "AAAA" }] } as JSONWebKeySet;
  await expect(bed(secret)).rejects.toThrow("wanted public keys only, found a private or secret");
  await expect(bed(key.set, { jwks: "gone.json" })).rejects.toThrow("ENOENT");
});
