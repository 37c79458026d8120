import { makeAuthority, makeCertificate } from "../../test/support/certificates.ts";
import type { TestCertificate } from "../../test/support/certificates.ts";
import { WorkFolder } from "../system/work-folder.ts";

/** The name in the server's certificate. */
export const SERVER_NAME = "localhost";

/** Paths of a certificate with its chain, of its key, and of a file that holds both. */
type CertificateFile = { readonly cert: string; readonly key: string; readonly both: string };

/** Certificates of a benchmark, ECDSA P-256, by one root that everybody trusts. */
export type CertificateFiles = AsyncDisposable & {
  /** Path of the root. */
  readonly root: string;
  readonly server: CertificateFile;
  readonly client: CertificateFile;
};

/** Where a job has TLS, with the certificates of both sides. */
export type JobTls = {
  readonly client: "clear" | "tls";
  /** mtls: contenders show a certificate of their own. */
  readonly upstream: "clear" | "tls" | "mtls";
  readonly files: CertificateFiles;
};

/** A job whose clients speak HTTP/2: in clear with prior knowledge, or over TLS by ALPN. */
export type JobHttp2 = {
  /** What endpoints speak. grpc: h2, to servers of one gRPC method. */
  readonly upstream: "http/1.1" | "h2" | "grpc";
};

/** What both sides of a contender speak in a job. */
export type Speech = {
  /** Absent: everything is in clear. */
  readonly tls?: JobTls;
  /** Absent: HTTP/1.1 everywhere. */
  readonly http2?: JobHttp2;
};

/** With what a contender speaks TLS to endpoints. undefined: it speaks to them in clear. */
export function tlsToEndpoints(
  tls: JobTls | undefined,
): { readonly root: string; readonly own: CertificateFile | undefined } | undefined {
  if (tls === undefined || tls.upstream === "clear") return undefined;
  const { root, client } = tls.files;
  return { root, own: tls.upstream === "mtls" ? client : undefined };
}

/** Makes them, in a folder of their own. */
export async function makeCertificateFiles(): Promise<CertificateFiles> {
  const folder = await WorkFolder.make();
  const authority = makeAuthority();
  const names = [`DNS:${SERVER_NAME}`, "IP:127.0.0.1"];
  const server = makeCertificate({ subject: "server", names, issuer: authority });
  const client = makeCertificate({ subject: "client", names: [], issuer: authority });
  return {
    root: await folder.write("root.pem", authority.certPem),
    server: await writePair(folder, "server", server),
    client: await writePair(folder, "client", client),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

async function writePair(
  folder: WorkFolder,
  name: string,
  { chainPem, keyPem }: TestCertificate,
): Promise<CertificateFile> {
  return {
    cert: await folder.write(`${name}.pem`, chainPem),
    key: await folder.write(`${name}.key`, keyPem, 0o600),
    both: await folder.write(`${name}-both.pem`, chainPem + keyPem, 0o600),
  };
}
