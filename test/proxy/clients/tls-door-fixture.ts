import { randomBytes, X509Certificate } from "node:crypto";
import type { ConnectionOptions } from "node:tls";
import { onTestFinished } from "vitest";
import { ListeningSockets } from "../../../control/workers/listening-sockets.ts";
import { systemClock } from "../../../proxy/base/clock.ts";
import { Listener } from "../../../proxy/clients/listener.ts";
import type { ListenerSnapshot } from "../../../proxy/table/snapshot.ts";
import type { ListenerTls, TlsIdentity, TlsMaterial } from "../../../proxy/table/tls.ts";
import { makeAuthority, makeCertificate } from "../../support/certificates.ts";
import type { TestCertificate } from "../../support/certificates.ts";
import { RawSocket } from "../../support/raw-socket.ts";
import { ClientsBed } from "./clients-fixture.ts";

/** Who signs everybody here. */
export const AUTHORITY = makeAuthority();
const SHOP = makeCertificate({
  subject: "shop",
  issuer: AUTHORITY,
  names: ["DNS:shop.example", "DNS:web", "URI:spiffe://mesh/shop"],
});
const OTHER = makeCertificate({
  subject: "other",
  issuer: AUTHORITY,
  names: ["DNS:other.example"],
});
/** A client's certificate. */
export const CLIENT = makeCertificate({
  issuer: AUTHORITY,
  names: ["URI:spiffe://mesh/a,b", "DNS:client.example"],
});

/** A certificate for the DNS names that are in it. */
export function identityWith(id: string, { chainPem, keyPem, der }: TestCertificate): TlsIdentity {
  const names = new X509Certificate(der).subjectAltName?.matchAll(/DNS:([^,]+)/g) ?? [];
  return { id, certPem: chainPem, keyPem, names: [...names].map(([, name = ""]) => name) };
}

function materialOf(certificates: Readonly<Record<string, TestCertificate>>): TlsMaterial {
  const identities = Object.entries(certificates).map(([id, each]) => identityWith(id, each));
  return {
    identities,
    trusts: [{ id: "ca", pem: AUTHORITY.certPem }],
    ticketKeys: [randomBytes(48).toString("base64")],
  };
}

/** What the worker has. */
export const MATERIAL = materialOf({ shop: SHOP, other: OTHER });
/** TLS of a listener that asks its clients for nothing. */
export const DOOR_TLS: ListenerTls = {
  identities: ["shop"],
  minVersion: "1.2",
  clientCert: "none",
  trust: undefined,
  intentions: false,
  forwardClientCert: "off",
  handshakesMax: 100,
  replacedMaxAgeMs: 0,
};
/** A listener that wants to know its clients, and says who they are. */
export const MUTUAL = { clientCert: "require", trust: "ca", forwardClientCert: "set" } as const;
/** A client with a certificate. */
export const CLIENT_OPTIONS = { cert: CLIENT.chainPem, key: CLIENT.keyPem };

/** A worker that serves. */
type Serving = {
  readonly bed: ClientsBed;
  readonly port: number;
  /** By how much the worker's wall clock is ahead. */
  readonly clock: { aheadMs: number };
};

/** A worker with a listener that speaks TLS, for the service `web`. */
export async function serving(
  tls: Partial<ListenerTls> = {},
  about: Partial<ListenerSnapshot> = {},
  settings: object = {},
): Promise<Serving> {
  const bed = await ClientsBed.start(settings);
  bed.deps.contexts.replace(MATERIAL);
  const sockets = new ListeningSockets();
  onTestFinished(() => sockets.closeAll());
  const bind = "127.0.0.1:0";
  const snapshot = {
    bind,
    service: "web",
    trustedPeers: [],
    connectionsMax: 100,
    proxyProtocol: false,
    protocols: ["h2", "http/1.1"] as const,
    tls: { ...DOOR_TLS, ...tls },
    ...about,
  };
  const clock = { aheadMs: 0 };
  const wallMs = (): number => Date.now() + clock.aheadMs;
  const listener = new Listener(snapshot, { ...bed.deps, clock: { ...systemClock, wallMs } });
  await listener.listen(await sockets.open(bind));
  onTestFinished(() => listener.close());
  return { bed, clock, port: Number(sockets.address(bind).split(":").at(-1)) };
}

/** A client over TLS. */
export async function openTls(port: number, options: ConnectionOptions = {}): Promise<RawSocket> {
  const client = await RawSocket.openTls({ port }, options);
  onTestFinished(() => client.close());
  return client;
}

/** A client in clear. */
export async function openPlain(port: number): Promise<RawSocket> {
  const client = await RawSocket.open({ port });
  onTestFinished(() => client.close());
  return client;
}

/** A request. */
export function get(host = "web", ...fields: readonly string[]): string {
  return ["GET / HTTP/1.1", `Host: ${host}`, ...fields, "", ""].join("\r\n");
}

/** Fields of the last request that the origin has got, by name. */
export function fieldOf(bed: ClientsBed, name: string): string[] {
  const fields = bed.origin.requests.at(-1)?.fields ?? [];
  return fields.filter(([each]) => each === name.toLowerCase()).map(([, value]) => value);
}

/** What was counted as refused. */
export function rejected({ deps }: ClientsBed): Record<string, number> {
  return deps.rejected.toRecord();
}
