import { once } from "node:events";
import { createServer } from "node:https";
import type { ServerOptions } from "node:https";
import { createServer as createTcpServer } from "node:net";
import type { AddressInfo, Server } from "node:net";
import { join } from "node:path";
import { createSecureContext } from "node:tls";
import type { SecureContext, TLSSocket } from "node:tls";
import { describe, expect, onTestFinished, test } from "vitest";
import type { ServiceDocument } from "../../../control/config/service-schema.ts";
import { probe } from "../../../control/discovery/probe.ts";
import type { ProbeTls } from "../../../control/discovery/probe-tls.ts";
import { systemClock } from "../../../proxy/base/clock.ts";
import { createAuthority } from "../../support/authority.ts";
import { makeAuthority, makeChain } from "../../support/certificates.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { check, healthChecks, healthOf, web } from "./checks-fixture.ts";

const NEVER = new AbortController().signal;
const authority = createAuthority();
const names = ["DNS:web.internal", "URI:spiffe://mesh/web", "IP:127.0.0.1"];
const { certPem: cert, keyPem: key } = authority.issue({ names });
const context = createSecureContext({ ca: [authority.pem] });

const ignore = (): void => undefined;

/** What servers have seen: SNI, Host and ALPN. */
const seen: string[] = [];

async function listening(server: Server, path?: string): Promise<string> {
  if (path === undefined) server.listen(0, "127.0.0.1");
  else server.listen(path);
  await once(server, "listening");
  onTestFinished(() => void server.close());
  if (path !== undefined) return `unix:${path}`;
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function secureServer(options: ServerOptions = {}): Server {
  return createServer({ cert, key, ...options }, ({ socket, headers }, response) => {
    const { servername, alpnProtocol } = socket as TLSSocket;
    seen.push(`${String(servername)} ${headers.host} ${String(alpnProtocol)}`);
    response.end();
  });
}

async function ask(address: string, tls: Partial<ProbeTls> = {}, timeoutMs = 5_000) {
  const question = { kind: "http", path: "/" } as const;
  const target = { address, host: "shop", question, timeoutMs };
  const peer = { name: "web.internal", sans: [] };
  const whole = { context, peer, insecure: false, ...tls };
  const { succeeded, reason } = await probe(systemClock, { ...target, tls: whole }, NEVER);
  return `${succeeded} ${reason}`;
}

describe("A probe by TLS", () => {
  test("verifies the endpoint, names it by SNI, and the service by Host", async () => {
    const address = await listening(secureServer());
    seen.length = 0;
    expect(await ask(address)).toBe("true answered 200");
    expect(await ask(address, { peer: { name: "127.0.0.1", sans: [] } })).toBe("true answered 200");
    expect(seen).toEqual(["web.internal shop http/1.1", "false shop http/1.1"]);
  });

  test("goes through a Unix socket too", async () => {
    const address = await listening(secureServer(), join(await temporaryFolder(), "web.sock"));
    expect(await ask(address)).toBe("true answered 200");
  });

  test("wants one of the SANs where there are any, whatever the name", async () => {
    const address = await listening(secureServer());
    const peer = (san: string): Partial<ProbeTls> => ({ peer: { name: "other", sans: [san] } });
    expect(await ask(address, peer("spiffe://mesh/web"))).toBe("true answered 200");
    expect(await ask(address, peer("spiffe://mesh/api"))).toBe(
      "false no TLS: another name in its certificate",
    );
  });

  test("fails at another name or chain, unless whoever answers is believed", async () => {
    const address = await listening(secureServer());
    const peer = { name: "api.internal", sans: [] };
    expect(await ask(address, { peer })).toBe("false no TLS: another name in its certificate");
    const strange = createSecureContext({ ca: [createAuthority("other").pem] });
    expect(await ask(address, { context: strange })).toBe(
      "false no TLS: UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    );
    const insecure = { context: strange, peer, insecure: true };
    expect(await ask(address, insecure)).toBe("true answered 200");
  });

  test("fails at more certificates than we take, unless whoever answers is believed", async () => {
    const root = makeAuthority();
    for (const [certificates, told] of [
      [10, "true answered 200"],
      [11, "false no TLS: CERT_CHAIN_TOO_LONG"],
    ] as const) {
      const { chainPem, keyPem } = makeChain(certificates, root, { names });
      const address = await listening(secureServer({ cert: chainPem, key: keyPem }));
      const trusting = createSecureContext({ ca: [root.certPem] });
      expect(await ask(address, { context: trusting })).toBe(told);
      expect(await ask(address, { insecure: true })).toBe("true answered 200");
    }
  });

  test("shows our certificate to who asks for one", async () => {
    const options = { requestCert: true, ca: authority.pem };
    const address = await listening(secureServer(options));
    expect(await ask(address)).toMatch(/^false no (?:TLS|usable answer): /);
    const { certPem, keyPem } = authority.issue();
    const own = createSecureContext({ ca: [authority.pem], cert: certPem, key: keyPem });
    expect(await ask(address, { context: own })).toBe("true answered 200");
  });

  test("fails without the certificates that it needs, and never asks in clear", async () => {
    let connections = 0;
    const address = await listening(createTcpServer(() => (connections += 1)));
    expect(await ask(address, { context: undefined })).toBe(
      "false no TLS: a certificate or roots are missing",
    );
    expect(connections).toBe(0);
  });

  test("fails where somebody speaks in clear, says nothing, or is not there", async () => {
    const clear = await listening(
      createTcpServer((socket) => socket.end("HTTP/1.1 200 OK\r\n\r\n")),
    );
    expect(await ask(clear)).toMatch(/^false no TLS: /);
    const silent = createTcpServer((socket) => void socket.on("error", ignore).resume());
    const address = await listening(silent);
    expect(await ask(address, {}, 100)).toMatch(
      /^false (?:no TLS: no handshake in time|no answer within 100 ms)$/,
    );
    await silent[Symbol.asyncDispose]();
    expect(await ask(address)).toBe("false cannot connect: ECONNREFUSED");
  });
});

test("HealthChecks ask by TLS where the service does, and fail without its roots", async () => {
  const address = await listening(secureServer());
  let roots: SecureContext | undefined;
  const { checks, round } = healthChecks({ contextFor: () => roots });
  const wanted = (serverName: string): ServiceDocument => ({
    ...check(),
    upstream: { tls: { ca: "ca.pem", serverName } },
  });
  const turns: string[] = [];
  const turn = async (): Promise<void> => {
    await round();
    turns.push(healthOf(checks, "v1").join());
  };
  checks.update(web({ v1: [address] }, wanted("web.internal")));
  await turn();
  roots = context;
  await turn();
  checks.update(web({ v1: [address] }, wanted("api.internal")));
  await turn();
  expect(turns).toEqual(["down", "up", "down"]);
});
