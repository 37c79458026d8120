import { once } from "node:events";
import { Agent, request } from "node:https";
import type { AgentOptions } from "node:https";
import { join as joinPath } from "node:path";
import { tmpdir } from "node:os";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ApiTls } from "../../../control/api/api-tls.ts";
import { LiveAccess } from "../../../control/api/auth/access.ts";
import { ROLES } from "../../../control/base/roles.ts";
import type { Role } from "../../../control/base/roles.ts";
import type { AuthConfig, CertEntry } from "../../../control/config/auth-schema.ts";
import { OwnCertificate } from "../../../control/tls/own-certificate.ts";
import { bearer, newToken } from "../../support/api-tokens.ts";
import { makeAuthority, makeCertificate } from "../../support/certificates.ts";
import type { CertificateWish } from "../../support/certificates.ts";
import { codesIn, pages, rowsOf } from "../../support/documents.ts";
import { fixedClock } from "../../support/fixed-clock.ts";
import { AUDIENCE, ISSUER, newKey, signed } from "../../support/jwt-issuer.ts";
import { startApi } from "../../support/running-api.ts";
import type { RunningApi } from "../../support/running-api.ts";
import { TlsFolder } from "../../support/tls-files.ts";

/*
 * Goal: who may make which call is what docs/control-api.md says, for each call, role and kind of
 * credential, in each state that a credential can be in. Method: a real API with TLS, called with
 * all of them; the page is what answers are compared with.
 */

/** Of a credential: `own` and `other` are limited to the service called, or to another one. */
const STATES = ["right", "own", "other", "expired", "wrong"] as const;
type State = (typeof STATES)[number];

const KINDS = ["token", "jwt", "cert"] as const;
type Kind = (typeof KINDS)[number];

/** What a caller shows. */
type Shown = { readonly headers: Record<string, string>; readonly agent: Agent };

const authority = makeAuthority("server root");
const clients = makeAuthority("clients root");
const server = makeCertificate({ issuer: authority, names: ["IP:127.0.0.1"] });
const NOW_MS = Date.now();
const HOUR_MS = 3_600_000;

/** Each look at it is a minute later, so that no window of failed attempts fills. */
let nowMs = 0;
const clock = { ...fixedClock, nowMs: () => (nowMs += 61_000), wallMs: () => NOW_MS };

const agents: Agent[] = [];
const shown = new Map<string, Shown>();
const config = { tokens: [], certs: [] } as unknown as AuthConfig & { certs: CertEntry[] };
let folder: string;
let api: RunningApi;
let access: LiveAccess;
let own: OwnCertificate;

const nameOf = (kind: Kind, role: Role, state: State): string => `${kind} ${role} ${state}`;

function agentOf(options: AgentOptions = {}): Agent {
  const agent = new Agent({ keepAlive: true, ca: authority.certPem, ...options });
  agents.push(agent);
  return agent;
}

function servicesOf(state: State): string[] | undefined {
  if (state === "own") return ["web"];
  return state === "other" ? ["shop"] : undefined;
}

/** A credential that is in this state; `grant`: what it may do. */
async function add(kind: Kind, role: Role, state: State, plain: Agent): Promise<void> {
  const id = `${role}-${state}`;
  const services = servicesOf(state);
  const name = nameOf(kind, role, state);
  if (kind === "token") {
    const expiresMs = state === "expired" ? NOW_MS : undefined;
    const { secret, entry } = newToken(id, { role, services, expiresMs });
    if (state !== "wrong") (config.tokens as object[]).push(entry);
    shown.set(name, { headers: bearer(secret), agent: plain });
    return;
  }
  if (kind === "jwt") {
    const from = state === "expired" ? NOW_MS - HOUR_MS : NOW_MS;
    const signer = state === "wrong" ? { ...key, privateKey: strange.privateKey } : key;
    const token = await signed(signer, from, { role, services: services ?? "*" });
    shown.set(name, { headers: bearer(token), agent: plain });
    return;
  }
  const uri = `spiffe://mesh/${id}`;
  const over = { notAfter: new Date(NOW_MS - HOUR_MS) };
  const wish: CertificateWish = { issuer: clients, names: [`URI:${uri}`] };
  const made = makeCertificate(state === "expired" ? { ...wish, ...over } : wish);
  if (state !== "wrong") config.certs.push({ uri, role, services });
  shown.set(name, { headers: {}, agent: agentOf({ cert: made.chainPem, key: made.keyPem }) });
}

const key = await newKey("one");
const strange = await newKey("one");

beforeAll(async () => {
  folder = await mkdtemp(joinPath(tmpdir(), "sluice-matrix-"));
  const files = await TlsFolder.make(server, clients, folder);
  await writeFile(joinPath(files.folder, "keys.json"), JSON.stringify(key.set));
  const plain = agentOf();
  shown.set("none", { headers: {}, agent: plain });
  for (const kind of KINDS) {
    for (const role of ROLES) for (const state of STATES) await add(kind, role, state, plain);
  }
  const ignore = (): void => undefined;
  const log = { info: ignore, warn: ignore, error: ignore };
  const file = joinPath(files.folder, "sluice.yaml");
  own = await OwnCertificate.open(files.tls, "control", {
    clock,
    log,
    events: { emit: ignore },
    file,
  });
  const jwt = {
    issuer: ISSUER,
    audience: AUDIENCE,
    jwks: "keys.json",
    algorithms: ["ES256" as const],
    roleClaim: "role",
    servicesClaim: "services",
  };
  const rules = { auth: { ...config, jwt }, socketRole: undefined, folder: files.folder };
  access = await LiveAccess.open(rules, { clock, log });
  api = await startApi({ access, tls: new ApiTls(own), clock });
});

afterAll(async () => {
  for (const agent of agents) agent.destroy();
  access.close();
  own.close();
  await api[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** The calls with their roles, as the page has them. */
function documented(): readonly (readonly [call: string, role: string])[] {
  const page = pages().find(({ path }) => path === "docs/control-api.md");
  const rows = page === undefined ? [] : rowsOf(page);
  return rows
    .filter(({ caption }) => caption.startsWith("HTTP with JSON"))
    .flatMap(({ cells: [calls = "", roles = ""] }) => {
      const each = roles.split(" · ");
      return codesIn(calls).map((call, at) => [call, each[at] ?? each[0] ?? ""] as const);
    });
}

const VALUES: Readonly<Record<string, string>> = {
  service: "web",
  version: "v1",
  address: "10.0.0.5:3000",
  name: "headers",
};

/** The status that a call ends with; `200` for every one that is not about who asks. */
async function statusOf(call: string, { headers, agent }: Shown): Promise<number> {
  const [method, path = ""] = call.split(" ");
  const real = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => VALUES[name] ?? name);
  const query = path === "/v1/events" ? "?follow=false" : "";
  const { port } = api;
  const options = { host: "127.0.0.1", port, path: real + query, method, headers, agent };
  const asked = request(options).end();
  const [answer] = (await once(asked, "response")) as [{ statusCode: number; resume(): void }];
  answer.resume();
  await once(answer as never, "end");
  return [401, 403, 429].includes(answer.statusCode) ? answer.statusCode : 200;
}

/** What the page promises. */
function promised(call: string, needed: string, kind: Kind, role: Role, state: State): number {
  const isGood = state === "right" || state === "own" || state === "other";
  // Nobody asks for a certificate where no credential is wanted; a token is sent on purpose.
  if (needed === "anyone") return isGood || kind === "cert" ? 200 : 401;
  if (!isGood) return 401;
  if (ROLES.indexOf(role) < ROLES.indexOf(needed as Role)) return 403;
  if (needed === "read" || state === "right") return 200;
  // Of which service it is only the body says, or the rollout that is not there.
  if (call.includes(" /v1/rollouts") || call === "POST /v1/freezes") return 200;
  return state === "own" && call.includes("/{service}") ? 200 : 403;
}

const CALLS = documented();

test("The page names the calls of the API", () => {
  expect(CALLS.length).toBeGreaterThan(20);
});

test.each(CALLS)("%s takes %s", async (call, needed) => {
  const none = needed === "anyone" ? 200 : 401;
  expect([call, await statusOf(call, shown.get("none") as Shown)]).toEqual([call, none]);
  const found: Record<string, number> = {};
  const wanted: Record<string, number> = {};
  for (const kind of KINDS) {
    for (const role of ROLES) {
      for (const state of STATES) {
        const name = nameOf(kind, role, state);
        wanted[name] = promised(call, needed, kind, role, state);
        found[name] = await statusOf(call, shown.get(name) as Shown);
      }
    }
  }
  expect(found).toEqual(wanted);
});
