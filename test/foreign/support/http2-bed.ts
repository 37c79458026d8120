import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeAuthority, makeCertificate } from "../../support/certificates.ts";
import { startSidecar } from "../../support/sidecar.ts";
import type { TestSidecar } from "../../support/sidecar.ts";

/** What clients of HTTP/2 reach a service by: in clear with prior knowledge, or over TLS. */
export type Scheme = "http" | "https";

/** A service that clients of HTTP/2 come for, and how its endpoints are spoken to. */
export type BedService = {
  /** Addresses by version; the first one has all the traffic. */
  readonly versions: Readonly<Record<string, string>>;
  /** Its key `upstream`. */
  readonly upstream?: object;
};

/** A sidecar with two listeners for each of its services, and the certificates for one of them. */
export type Http2Bed = AsyncDisposable & {
  readonly sidecar: TestSidecar;
  /** Path of the root that clients have to trust. */
  readonly roots: string;
  /** Where a service is reached. */
  url(service: string, scheme: Scheme): string;
  /** Gives all the traffic to one version. */
  shift(service: string, version: string): Promise<void>;
};

/** Paths of what servers and clients of a bed show and trust. */
export type BedFiles = AsyncDisposable & {
  readonly roots: string;
  readonly cert: string;
  readonly key: string;
};

/** Of the largest bed, two for each service. */
const LISTENERS_MAX = 20;

/** Addresses of a configuration differ, and ports are not known before: so hosts do. */
function hostOf(place: number): string {
  return `127.0.0.${place + 1}`;
}

/** A certificate for all listeners and localhost, in a folder that goes away with it. */
export async function makeBedFiles(): Promise<BedFiles> {
  const folder = await mkdtemp(join(tmpdir(), "sluice-bed-"));
  const authority = makeAuthority();
  const hosts = Array.from({ length: LISTENERS_MAX }, (_, place) => `IP:${hostOf(place)}`);
  const names = ["DNS:localhost", ...hosts];
  const { chainPem, keyPem } = makeCertificate({ issuer: authority, names, subject: "server" });
  const paths = {
    roots: join(folder, "roots.pem"),
    cert: join(folder, "server.pem"),
    key: join(folder, "server.key"),
  };
  await writeFile(paths.roots, authority.certPem);
  await writeFile(paths.cert, chainPem);
  await writeFile(paths.key, keyPem, { mode: 0o600 });
  return { ...paths, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

/** Starts a sidecar. `more`: further keys of its configuration. */
export async function startHttp2Bed(
  services: Readonly<Record<string, BedService>>,
  files: BedFiles,
  more: object = {},
): Promise<Http2Bed> {
  const { roots, cert, key } = files;
  const names = Object.keys(services);
  const tls = { certificates: [{ cert, key }] };
  const sidecar = await startSidecar({
    listeners: names.flatMap((service, place) => [
      { bind: `${hostOf(place * 2)}:0`, service },
      { bind: `${hostOf(place * 2 + 1)}:0`, service, tls },
    ]),
    services: Object.fromEntries(names.map((name) => [name, configured(services[name])])),
    ...more,
  });
  return {
    sidecar,
    roots,
    url: (service, scheme) => {
      const place = names.indexOf(service) * 2 + (scheme === "https" ? 1 : 0);
      return `${scheme}://${hostOf(place)}:${sidecar.ports[place]}`;
    },
    shift: async (service, version) => {
      const all = Object.keys(services[service]?.versions ?? {});
      const weights = Object.fromEntries(all.map((name) => [name, name === version ? 1 : 0]));
      const path = `/v1/services/${service}/weights`;
      const answer = await sidecar.call("PATCH", path, weights);
      if (answer.status !== 200) throw new Error(`Cannot shift: ${await answer.text()}`);
    },
    [Symbol.asyncDispose]: () => sidecar.stop(),
  };
}

function configured(service: BedService | undefined): object {
  const { versions = {}, upstream } = service ?? {};
  const entries = Object.entries(versions).map(([name, address], place) => [
    name,
    { weight: place === 0 ? 1 : 0, endpoints: [address] },
  ]);
  return { versions: Object.fromEntries(entries), ...(upstream && { upstream }) };
}
