import { readFile, readdir, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createAuthority } from "../support/authority.ts";
import type { IssuedCertificate } from "../support/authority.ts";
import { eventually } from "../support/eventually.ts";
import { startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/*
 * Goal: a private key is in the memory of our processes, and nowhere else. Method: a real sidecar
 * with a listener and a service by TLS, keys that are exchanged, do not fit, are broken or readable
 * for others, a swap and a reload; then whatever it has said or written is searched for any part of
 * any key.
 */

const authority = createAuthority();

/** Parts of a key that can be searched for: each line of its PEM, and its bytes in hex. */
function partsOf({ keyPem }: IssuedCertificate): readonly string[] {
  const lines = keyPem.split("\n").filter((line) => line !== "" && !line.startsWith("-----"));
  const hex = Buffer.from(lines.join(""), "base64").toString("hex");
  return [...lines.map((line) => line.slice(0, 24)), hex.slice(-60)];
}

async function get(port: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, ca: authority.pem, servername: "shop.example" };
    const asked = request({ ...options, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.on("error", reject).end();
  });
}

/** The command line and environment of a process and of its children. */
async function processTexts(sidecar: TestSidecar): Promise<readonly string[]> {
  const pids = [sidecar.child.pid ?? 0, ...sidecar.workerPids()];
  const files = pids.flatMap((pid) => [`/proc/${pid}/cmdline`, `/proc/${pid}/environ`]);
  return Promise.all(files.map((file) => readFile(file, "latin1").catch(() => "")));
}

/** Everything in a folder, by name. */
async function fileTexts(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder);
  return Promise.all(names.map((name) => readFile(join(folder, name), "latin1")));
}

test("no part of a key is in anything that a sidecar says or writes", async () => {
  const [keys, state] = [await temporaryFolder(), await temporaryFolder()];
  const issued: IssuedCertificate[] = [];
  const at = (name: string): string => join(keys, name);
  const put = async (certPem: string, keyPem: string, mode = 0o600): Promise<void> => {
    await writeFile(at("a.pem"), certPem, { mode: 0o600 });
    await writeFile(at("a.key"), keyPem, { mode });
  };
  const issue = (): IssuedCertificate => {
    const made = authority.issue({ names: ["DNS:shop.example"] });
    issued.push(made);
    return made;
  };
  const first = issue();
  await put(first.certPem, first.keyPem);
  await writeFile(at("ca.pem"), authority.pem);
  const pair = { cert: at("a.pem"), key: at("a.key") };
  const upstream = { tls: { ca: at("ca.pem"), ...pair, serverName: "shop.example" } };
  const versions = { v1: { endpoints: ["127.0.0.1:1"] } };
  const config = {
    listeners: [{ bind: "127.0.0.1:0", tls: { certificates: [pair] } }],
    store: { kind: "file", path: join(state, "table.json") },
    services: { shop: { hosts: ["127.0.0.1"], upstream, versions } },
  };
  const sidecar = await startSidecar(config);
  onTestFinished(sidecar.stop);
  const reload = async (): Promise<string> =>
    (await sidecar.call("POST", "/v1/certificates/reload")).text();
  const said: string[] = [];

  expect(await get(sidecar.ports[0] ?? 0)).toBe(502);
  const [second, third, fourth] = [issue(), issue(), issue()];
  await put(second.certPem, second.keyPem);
  // Unless the files were looked at just before.
  expect(JSON.parse(await reload())).toMatchObject({ refused: [] });
  // Another key, a broken key, half a key, a key in the certificate's place.
  const broken = third.keyPem.replace(/(.{10})\n-----END/, "!!!!$1\n-----END");
  for (const [cert, key] of [
    [second.certPem, third.keyPem],
    [second.certPem, broken],
    [second.certPem, third.keyPem.slice(0, 120)],
    [third.keyPem, third.keyPem],
  ] as const) {
    await put(cert, key);
    const answer = await reload();
    expect(JSON.parse(answer)).toMatchObject({ refused: [{ certificate: `file:${at("a.pem")}` }] });
    said.push(answer);
  }
  const other = {
    ...config.services.shop,
    upstream: { tls: { ...upstream.tls, ca: at("a.key") } },
  };
  const refused = await sidecar.call("PUT", "/v1/services/shop", other);
  expect(refused.status).toBe(422);
  said.push(await refused.text());
  expect((await sidecar.call("POST", "/v1/reload")).status).toBe(200);
  await put(fourth.certPem, fourth.keyPem);
  await reload();
  expect((await sidecar.call("POST", "/v1/workers/swap", { trial: "10ms" })).status).toBe(200);
  expect(await get(sidecar.ports[0] ?? 0)).toBe(502);

  const calls = ["services", "services/shop", "certificates", "audit", "fleet", "openapi.json"];
  for (const path of [...calls.map((call) => `/v1/${call}`), "/metrics", "/readyz"]) {
    said.push(await (await sidecar.call("GET", path)).text());
  }
  const kept = { "last-event-id": "0" };
  const events = await sidecar.call("GET", "/v1/events?follow=false", undefined, kept);
  said.push(await events.text());
  said.push(JSON.stringify(sidecar.log), sidecar.stderr());
  said.push(...(await processTexts(sidecar)), ...(await fileTexts(state)));
  said.push(...(await fileTexts(sidecar.folder)));

  const text = said.join("\n");
  expect(text).toContain("shop.example");
  await eventually(() =>
    expect(sidecar.log.map(({ event }) => event)).toContain("workers.swapped"),
  );
  const found = issued.flatMap(partsOf).filter((part) => text.includes(part));
  expect(found).toEqual([]);
  expect(text).not.toMatch(/PRIVATE KEY/);
});
