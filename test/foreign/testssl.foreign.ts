import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { newToken } from "../support/api-tokens.ts";
import { makeAuthority, makeCertificate } from "../support/certificates.ts";
import type { TestCertificate } from "../support/certificates.ts";
import { startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { VersionOrigin } from "../support/version-origin.ts";
import { runProgram } from "./support/foreign-process.ts";
import { isMissing, program } from "./support/programs.ts";

/*
 * Goal: whoever audits TLS of a sidecar with the usual tool finds nothing that we could mend.
 * Method: testssl.sh at a listener with ECDSA, and at the control API with RSA and a token; each
 * finding that is worse than INFO fails.
 *
 * Left out, as they say nothing about us or take minutes: each cipher by itself (-e, -E; -P lists
 * those that are taken), simulated clients (-c), oddities of handshakes (-g), and headers (-h: HSTS
 * and cookies are the origin's). BREACH is looked for at one path.
 */

/** Protocols, kinds of ciphers, preferences, defaults with the certificate. */
const COMMON_CHECKS = ["-p", "-s", "-P", "-S"];
/** Also forward secrecy and all flaws that it knows. */
const LISTENER_CHECKS = [...COMMON_CHECKS, "-f", "-U"];
/**
 * Also renegotiation, compression of TLS and of HTTP, and falling back: what a server sets. The
 * other flaws would be those of OpenSSL, which is the listener's too.
 */
const API_CHECKS = [...COMMON_CHECKS, "-R", "-C", "-B", "-Z"];
/** It asks no DNS and nobody outside, and never waits for a key to be pressed. */
const MANNERS = ["-n", "none", "--ip", "127.0.0.1", "--warnings", "batch", "--color", "0"];
/** A few hundred handshakes, one after the other: half a minute, and more on a busy machine. */
const RUN_TIMEOUT_MS = 240_000;

/** How it rates what is well, or is no judgement. */
const HARMLESS = ["OK", "INFO"];

/** What it may find, and why that is no flaw of ours. */
const EXCEPTIONS: ReadonlyMap<string, string> = new Map([
  ["engine_problem", "OpenSSL on the side of testssl.sh has no GOST"],
  ["sessionresumption_ticket", "it does not wait for TLS 1.3's tickets, and then has none to show"],
  ["cert_revocation", "the operator's certificate: the test's names neither CRL nor OCSP"],
]);

/** Findings that must be there, or a check was not made. */
const API_IDS = [
  "TLS1 TLS1_1 TLS1_2 TLS1_3 cipherlist_NULL cipherlist_aNULL cipherlist_STRONG cipher_order",
  "TLS_session_ticket cert_trust cert_chain_of_trust",
  "secure_renego secure_client_renego CRIME_TLS BREACH fallback_SCSV",
].flatMap((ids) => ids.split(" "));
const LISTENER_IDS = [
  ...API_IDS,
  ..."PFS heartbleed CCS ticketbleed ROBOT SWEET32 DROWN LOGJAM BEAST LUCKY13 RC4".split(" "),
];

type Finding = { readonly id: string; readonly severity: string; readonly finding: string };

const authority = makeAuthority();
const ecdsa = makeCertificate({ issuer: authority, names: ["DNS:localhost"] });
const rsa = makeCertificate({ issuer: authority, names: ["DNS:localhost"], key: "rsa2048" });

/** What testssl.sh says of a server at `localhost` whose certificate the authority has signed. */
async function findingsAt(url: string, checks: readonly string[]): Promise<readonly Finding[]> {
  const folder = await temporaryFolder();
  const [roots, report] = [join(folder, "roots.pem"), join(folder, "report.json")];
  await writeFile(roots, authority.certPem);
  const args = [...checks, ...MANNERS, "--add-ca", roots, "--jsonfile", report, url];
  const ended = await runProgram(program("testssl"), args, { timeoutMs: RUN_TIMEOUT_MS });
  const text = await readFile(report, "utf8").catch(() => "");
  if (!text.trimEnd().endsWith("]")) throw new Error(`It did not end: ${JSON.stringify(ended)}`);
  return JSON.parse(text) as readonly Finding[];
}

function expectNoFlaw(findings: readonly Finding[], wanted: readonly string[]): void {
  const flaws = findings.filter(
    ({ id, severity }) => !HARMLESS.includes(severity) && !EXCEPTIONS.has(id),
  );
  expect(flaws.map(({ id, severity, finding }) => `${severity} ${id}: ${finding}`)).toEqual([]);
  const ids = new Set(findings.map(({ id }) => id));
  expect(wanted.filter((id) => !ids.has(id))).toEqual([]);
}

/** A sidecar beside whose configuration are `listener` and `api`, `.pem` and `.key`. */
async function sidecarWith(config: object): Promise<TestSidecar> {
  const sidecar = await startSidecar(config, {}, undefined, async (folder) => {
    await writeFile(join(folder, "roots.pem"), authority.certPem);
    await writePair(join(folder, "listener"), ecdsa);
    await writePair(join(folder, "api"), rsa);
  });
  onTestFinished(() => sidecar.stop());
  return sidecar;
}

async function writePair(path: string, { chainPem, keyPem }: TestCertificate): Promise<void> {
  await writeFile(`${path}.pem`, chainPem);
  await writeFile(`${path}.key`, keyPem);
  await chmod(`${path}.key`, 0o600);
}

describe.skipIf(isMissing("testssl"))("testssl.sh", { timeout: RUN_TIMEOUT_MS + 30_000 }, () => {
  test("finds no flaw in a listener", async () => {
    using origin = await VersionOrigin.start("v1");
    const certificates = [{ cert: "listener.pem", key: "listener.key" }];
    const sidecar = await sidecarWith({
      listeners: [{ bind: "127.0.0.1:0", service: "web", tls: { certificates } }],
      services: { web: { versions: { v1: { endpoints: [origin.address] } } } },
    });
    const url = `https://localhost:${sidecar.ports[0]}/`;
    expectNoFlaw(await findingsAt(url, LISTENER_CHECKS), LISTENER_IDS);
  });

  test("finds no flaw in the control API, which also asks for certificates", async () => {
    const { entry } = newToken("audit");
    const { name, role, sha256 } = entry;
    const sidecar = await sidecarWith({
      control: {
        bind: "127.0.0.1:0",
        tls: { cert: "api.pem", key: "api.key", clientCa: "roots.pem" },
        auth: {
          tokens: [{ name, role, sha256 }],
          certs: [{ dns: "ops.internal", role: "read" }],
        },
      },
    });
    const url = `https://localhost:${new URL(sidecar.api).port}/livez`;
    expectNoFlaw(await findingsAt(url, API_CHECKS), API_IDS);
  });
});
