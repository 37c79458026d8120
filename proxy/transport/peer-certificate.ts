import { nodeCrypto } from "../base/node-tls.ts";
import { CHAIN_TOO_LONG } from "../base/peer-chain.ts";
import { certificateNames } from "../table/certificate-names.ts";
import { isWantedPeer } from "../table/wanted-peer.ts";
import type { WantedPeer } from "../table/wanted-peer.ts";
import type { TlsFacts } from "./tls-facts.ts";

/** What is wrong with a peer's certificate. */
export type CertificateProblem =
  | "missing"
  | "expired"
  | "not-yet-valid"
  | "untrusted"
  | "wrong-name"
  | "too-long"
  | "invalid";

/** The peer's certificate is not acceptable. */
export class PeerCertificateError extends Error {
  readonly code = "ERR_TLS_PEER_CERTIFICATE";
  readonly problem: CertificateProblem;

  constructor(problem: CertificateProblem, found: string) {
    super(`Cannot trust the peer's certificate: wanted a valid one, found ${found}`);
    this.problem = problem;
  }
}

/** Who a peer is, by its verified certificate. */
export type PeerIdentity = {
  /** Its SANs, as they are in it. */
  readonly uris: readonly string[];
  readonly dns: readonly string[];
  /** SHA-256 of its certificate in DER, in hex. */
  readonly fingerprint: string;
};

/** OpenSSL's names for chains that do not end at a root we trust. */
const UNTRUSTED: ReadonlySet<string> = new Set([
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "CERT_UNTRUSTED",
]);

/**
 * Why the peer's chain does not verify, or its certificate has expired since its session, now
 * resumed, was judged. undefined: all is well, or there is no certificate. `nowMs`: wall clock.
 */
export function chainProblem(facts: TlsFacts, nowMs: number): PeerCertificateError | undefined {
  const { peerDer, chainError } = facts;
  if (peerDer === undefined) return undefined;
  if (chainError !== undefined) return new PeerCertificateError(problemOf(chainError), chainError);
  if (!facts.resumed) return undefined;
  const { X509Certificate } = nodeCrypto();
  const isOver = new X509Certificate(peerDer).validToDate.getTime() < nowMs;
  return isOver ? new PeerCertificateError("expired", "CERT_HAS_EXPIRED") : undefined;
}

/**
 * Why a server's certificate is not that of the wanted peer. undefined: it is. A resumed session is
 * with the server that was judged when it began: Node does not give its certificate again.
 */
export function serverProblem(
  facts: TlsFacts,
  wanted: WantedPeer,
  nowMs: number,
): PeerCertificateError | undefined {
  const { peerDer } = facts;
  if (facts.resumed) return undefined;
  if (peerDer === undefined) return new PeerCertificateError("missing", "none");
  const problem = chainProblem(facts, nowMs);
  if (problem !== undefined) return problem;
  return isWantedPeer(peerDer, wanted)
    ? undefined
    : new PeerCertificateError("wrong-name", "another name");
}

/** Who it is. */
export function identityOf(der: Buffer): PeerIdentity {
  const { dns, uris } = certificateNames(der);
  return { dns, uris, fingerprint: nodeCrypto().createHash("sha256").update(der).digest("hex") };
}

function problemOf(chainError: string): CertificateProblem {
  if (chainError === "CERT_HAS_EXPIRED") return "expired";
  if (chainError === "CERT_NOT_YET_VALID") return "not-yet-valid";
  if (chainError === CHAIN_TOO_LONG) return "too-long";
  return UNTRUSTED.has(chainError) ? "untrusted" : "invalid";
}
