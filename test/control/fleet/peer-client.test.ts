import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import type { RequestListener, Server } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { chmod, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import { PeerClient } from "../../../control/fleet/peer-client.ts";
import type { PeerFiles } from "../../../control/fleet/peer-credentials.ts";
import { makeCertificate } from "../../support/certificates.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const NO_FILES: PeerFiles = {
  tokenFile: undefined,
  ca: undefined,
  cert: undefined,
  key: undefined,
};
const LATER = new AbortController().signal;

const root = makeCertificate({ subject: "fleet", isCa: true });
const names = ["IP:127.0.0.1"];
const leaf = makeCertificate({ subject: "b", issuer: root, names });
const stranger = makeCertificate({ subject: "x", names });

type Peer = { readonly kind: "known"; readonly origin: string; readonly isSecure: boolean };

async function listen(server: Server, isSecure: boolean): Promise<Peer> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { kind: "known", origin: `http${isSecure ? "s" : ""}://127.0.0.1:${port}`, isSecure };
}

const inClear = (serve: RequestListener): Promise<Peer> => listen(createHttpServer(serve), false);

function overTls(serve: RequestListener, own = leaf): Promise<Peer> {
  const tls = { cert: own.chainPem, key: own.keyPem, ca: root.certPem };
  const options = { ...tls, requestCert: true, rejectUnauthorized: false };
  return listen(createHttpsServer(options, serve), true);
}

async function fileOf(name: string, text: string): Promise<string> {
  const path = join(await temporaryFolder(), name);
  await writeFile(path, text, { mode: 0o600 });
  return path;
}

function clientOf(files: Partial<PeerFiles> = {}, clock = new ManualClock()): PeerClient {
  const client = new PeerClient({ sidecar: "a/1", files: { ...NO_FILES, ...files }, clock });
  onTestFinished(() => client.close());
  return client;
}

test("PeerClient shows who asks, its token, and a certificate, over one connection", async () => {
  const seen: unknown[] = [];
  const sockets = new Set<unknown>();
  const serve: RequestListener = ({ url, headers, socket }, response) => {
    sockets.add(socket);
    const certificate = (socket as TLSSocket).getPeerCertificate();
    seen.push([url, headers["x-sluice-fleet"], headers.authorization, certificate.subject?.CN]);
    response.end('{"a":1}');
  };
  const peer = await overTls(serve);
  const mine = makeCertificate({ subject: "a", issuer: root });
  const client = clientOf({
    tokenFile: await fileOf("token", "sluice_abc\n"),
    ca: await fileOf("ca.pem", root.certPem),
    cert: await fileOf("cert.pem", mine.chainPem),
    key: await fileOf("key.pem", mine.keyPem),
  });
  expect(await client.get(peer, "/first", LATER)).toEqual({ a: 1 });
  expect(await client.get(peer, "/second", LATER)).toEqual({ a: 1 });
  const who = ["a%2F1", "Bearer sluice_abc", "a"];
  expect(seen).toEqual([
    ["/first", ...who],
    ["/second", ...who],
  ]);
  expect(sockets.size).toBe(1);
});

test("PeerClient takes another token within 5 s, and ends connections of the old one", async () => {
  const seen: (string | undefined)[] = [];
  const peer = await inClear(({ headers }, response) => {
    seen.push(headers.authorization);
    response.end("{}");
  });
  const clock = new ManualClock();
  const tokenFile = await fileOf("token", "one");
  const client = clientOf({ tokenFile }, clock);
  await client.get(peer, "/", LATER);
  await writeFile(tokenFile, "two");
  await client.get(peer, "/", LATER);
  await clock.advance(5_001);
  await client.get(peer, "/", LATER);
  expect(seen).toEqual(["Bearer one", "Bearer one", "Bearer two"]);
});

test("PeerClient shows its token to nobody whose certificate is not of our roots", async () => {
  let asked = 0;
  const serve: RequestListener = (_request, response) => {
    asked += 1;
    response.end("{}");
  };
  const [strange, ours] = [await overTls(serve, stranger), await overTls(serve)];
  const tokenFile = await fileOf("token", "one");
  const ca = await fileOf("ca.pem", root.certPem);
  await expect(clientOf({ tokenFile }).get(ours, "/", LATER)).rejects.toThrow(
    "wanted consul.fleet.tls.ca here",
  );
  await expect(clientOf({ tokenFile, ca }).get(strange, "/", LATER)).rejects.toThrow(
    /self-signed|unable to verify/,
  );
  const elsewhere = makeCertificate({ issuer: root, names: ["DNS:other.test"] });
  const misnamed = await overTls(serve, elsewhere);
  await expect(clientOf({ tokenFile, ca }).get(misnamed, "/", LATER)).rejects.toThrow("127.0.0.1");
  expect(asked).toBe(0);
});

test.each([
  ["a refusal", 401, '{"detail":"Cannot tell who asks"}', "it answered 401 (Cannot tell who asks)"],
  ["a refusal that is not ours", 502, "<html>", "it answered 502"],
  ["a redirect", 302, "", "it answered 302"],
  ["no JSON", 200, "<html>", "JSON"],
  ["more than a megabyte", 200, `"${"x".repeat(1024 * 1024)}"`, "size"],
])("PeerClient says why there is no answer: %s", async (_, status, body, reason) => {
  const target = await inClear((_request, response) => response.end("{}"));
  const peer = await inClear((_request, response) => {
    response.writeHead(status, { location: `${target.origin}/` }).end(body);
  });
  await expect(clientOf().get(peer, "/", LATER)).rejects.toThrow(reason);
});

test("PeerClient does not wait for one that is silent, or gone", async () => {
  const peer = await inClear(() => undefined);
  const soon = AbortSignal.timeout(50);
  await expect(clientOf().get(peer, "/", soon)).rejects.toThrow("did not answer in time");
  const gone = { kind: "known", origin: "http://127.0.0.1:1", isSecure: false } as const;
  await expect(clientOf().get(gone, "/", LATER)).rejects.toThrow("ECONNREFUSED");
});

test("PeerClient says which file cannot be used, and never quotes it", async () => {
  const peer = await inClear((_request, response) => response.end("{}"));
  const open = await fileOf("token", "hush");
  await chmod(open, 0o644);
  const several = await fileOf("token", "hush hush");
  for (const [files, reason] of [
    [{ tokenFile: open }, "mode 0644"],
    [{ tokenFile: several }, "wanted one token"],
    [
      { tokenFile: "/nowhere/token" },
      "consul.fleet.tokenFile: wanted a readable file /nowhere/token",
    ],
    [{ ca: "/nowhere/ca.pem" }, "consul.fleet.tls.ca: wanted a readable file /nowhere/ca.pem"],
  ] as const) {
    const asked = clientOf(files).get(peer, "/", LATER);
    const error = await asked.catch((caught: unknown) => String(caught));
    expect(error).toContain(reason);
    expect(error).not.toContain("hush");
  }
});
