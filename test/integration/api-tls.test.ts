import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { makeAuthority, makeCertificate } from "../support/certificates.ts";
import { eventually } from "../support/eventually.ts";
import { runCommand } from "../support/run-cli.ts";
import type { CliResult } from "../support/run-cli.ts";
import { startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import { TlsFolder } from "../support/tls-files.ts";

/*
 * Goal: an API with TLS is the same API for whoever has a certificate, its own is exchanged while
 * it runs, and it survives an upgrade. Method: a real sidecar, and the command line.
 */

const authority = makeAuthority("server root");
const clientsRoot = makeAuthority("clients root");
const server = makeCertificate({ issuer: authority, names: ["IP:127.0.0.1"] });
const operator = makeCertificate({ issuer: clientsRoot, names: ["URI:spiffe://mesh/ops"] });
const SERVICES = { web: { versions: { v1: { endpoints: ["127.0.0.1:1"] } } } };

type Bed = {
  readonly sidecar: TestSidecar;
  readonly files: TlsFolder;
  readonly run: (...args: readonly string[]) => Promise<CliResult>;
};

async function start(): Promise<Bed> {
  const files = await TlsFolder.make(server, clientsRoot);
  const at = (name: string): string => join(files.folder, name);
  const tls = { cert: at("api.pem"), key: at("api.key"), clientCa: at("clients.pem") };
  const auth = { certs: [{ uri: "spiffe://mesh/ops", role: "admin" }] };
  const control = { bind: "127.0.0.1:0", tls, auth };
  const sidecar = await startSidecar({ services: SERVICES, control });
  onTestFinished(sidecar.stop);
  await writeFile(at("root.pem"), authority.certPem);
  await writeFile(at("ops.pem"), operator.chainPem);
  await writeFile(at("ops.key"), operator.keyPem, { mode: 0o600 });
  const shown = ["--ca", at("root.pem"), "--cert", at("ops.pem"), "--key", at("ops.key")];
  const run = (...args: readonly string[]): Promise<CliResult> =>
    runCommand([...args, ...shown], { SLUICE_API: sidecar.api });
  return { sidecar, files, run };
}

test("an operator's certificate opens the API, and its own is shown and exchanged", async () => {
  const { sidecar, files, run } = await start();
  expect(sidecar.api).toMatch(/^https:/);
  const who = await run("whoami", "--json");
  expect(JSON.parse(who.out)).toEqual({ actor: "cert:spiffe://mesh/ops", role: "admin" });
  const names = ["IP:127.0.0.1"];
  await files.write(makeCertificate({ issuer: authority, names, subject: "renewed" }));
  expect(await run("certificates", "reload")).toMatchObject({ status: 0 });
  const list = await run("certificates", "--json");
  const { certificates } = JSON.parse(list.out) as { certificates: readonly object[] };
  expect(certificates).toMatchObject([
    { subject: "CN=clients root", usedBy: ["control"] },
    { subject: "CN=renewed", usedBy: ["control"] },
  ]);
});

test("an upgrade keeps the port, the certificate and who may call", async () => {
  const { sidecar, run } = await start();
  const upgraded = await run("upgrade", "--json");
  const { pid } = JSON.parse(upgraded.out) as { readonly pid: number };
  onTestFinished(() => killIfAlive(pid));
  await sidecar.ended;
  const who = await run("whoami", "--json");
  expect(JSON.parse(who.out)).toMatchObject({ actor: "cert:spiffe://mesh/ops" });
  expect(await run("drain", "--self", "--reason", "the end")).toMatchObject({ status: 0 });
  await eventually(async () => expect(await run("status", "--check")).toMatchObject({ status: 1 }));
});

function killIfAlive(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has drained.
  }
}
