import { randomBytes } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { expect } from "vitest";
import { makeAuthority, makeCertificate, makeChain, manyNames } from "../support/certificates.ts";
import type { CertificateWish, TestCertificate } from "../support/certificates.ts";
import { RawSocket } from "../support/raw-socket.ts";
import {
  certificateMessage,
  flight,
  FORGED_PROOF,
  KEY_EXCHANGE,
  shaking,
} from "../support/wrong-handshake.ts";
import type { Act, Door, WrongHandshake } from "../support/wrong-handshake.ts";

/** Who signs everybody who may come. */
export const ROOT = makeAuthority();
/** Who may come. */
export const GOOD = makeCertificate({ issuer: ROOT, names: ["URI:spiffe://mesh/good"] });

/** The same with the longest chain that is taken. */
export const LONGEST = makeChain(10, ROOT, { names: ["URI:spiffe://mesh/good"] });

const DAY_MS = 86_400_000;

function signed(wish: CertificateWish): TestCertificate {
  return makeCertificate({ issuer: ROOT, ...wish });
}

function by({ chainPem, keyPem }: TestCertificate, maxVersion?: "TLSv1.2"): Act {
  return shaking({ cert: chainPem, key: keyPem, ...(maxVersion && { maxVersion }) });
}

/** The last byte of its signature is another. */
function forged({ der, keyPem }: TestCertificate): { cert: string; key: string } {
  const bytes = Buffer.from(der);
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  const text = bytes.toString("base64").replace(/.{64}(?=.)/g, "$&\n");
  const cert = `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`;
  return { cert, key: keyPem };
}

/** Asks for a new handshake on a connection of TLS 1.2. */
async function renegotiate(door: Door): Promise<void> {
  const options = { cert: GOOD.chainPem, key: GOOD.keyPem, maxVersion: "TLSv1.2" } as const;
  const opened = await RawSocket.openTls(door, options);
  const socket = opened.socket as TLSSocket;
  const problem = await new Promise<Error | null>((resolve) => {
    socket.once("error", resolve);
    socket.renegotiate({}, resolve);
  });
  expect(String(problem)).toMatch(/no.renegotiation/i);
  opened.close();
}

const INTERMEDIATE = makeAuthority("intermediate", { issuer: ROOT });
const BELOW = makeCertificate({ issuer: INTERMEDIATE });
const EXPIRED = {
  notBefore: new Date(Date.now() - 2 * DAY_MS),
  notAfter: new Date(Date.now() - 1_000),
};
const LATER = { notBefore: new Date(Date.now() + DAY_MS) };
const SHORT = signed({ key: "rsa1024" });
const NOT_AUTHORITY = makeCertificate({ issuer: ROOT, subject: "no authority" });
const OLD_AUTHORITY = makeAuthority("old authority", { issuer: ROOT, ...EXPIRED });

/** Certificates of clients that may not come. */
export const CHAIN_ROWS: readonly WrongHandshake[] = [
  ["no certificate", "mutual", "tls-certificate-missing", shaking({})],
  [
    "no certificate in TLS 1.2",
    "mutual",
    "tls-certificate-missing",
    shaking({ maxVersion: "TLSv1.2" }),
  ],
  ["one that signs itself", "mutual", "tls-certificate-untrusted", by(makeCertificate())],
  [
    "another root",
    "mutual",
    "tls-certificate-untrusted",
    by(makeCertificate({ issuer: makeAuthority("other") })),
  ],
  [
    "another root of the same name",
    "mutual",
    "tls-certificate-invalid",
    by(makeCertificate({ issuer: makeAuthority() })),
  ],
  ["an expired one", "mutual", "tls-certificate-expired", by(signed(EXPIRED))],
  [
    "an expired one in TLS 1.2",
    "mutual",
    "tls-certificate-expired",
    by(signed(EXPIRED), "TLSv1.2"),
  ],
  [
    "one below an expired authority",
    "mutual",
    "tls-certificate-expired",
    by(makeCertificate({ issuer: OLD_AUTHORITY })),
  ],
  ["one that is not valid yet", "mutual", "tls-certificate-invalid", by(signed(LATER))],
  ["one for servers only", "mutual", "tls-certificate-invalid", by(signed({ usage: "server" }))],
  ["an authority's as leaf", "mutual", "tls-certificate-invalid", by(INTERMEDIATE)],
  [
    "one signed by no authority",
    "mutual",
    "tls-certificate-invalid",
    by(makeCertificate({ issuer: NOT_AUTHORITY })),
  ],
  [
    "one without its intermediate",
    "mutual",
    "tls-certificate-untrusted",
    shaking({ cert: BELOW.certPem, key: BELOW.keyPem }),
  ],
  ["one with a forged signature", "mutual", "tls-certificate-invalid", shaking(forged(GOOD))],
  [
    "one with a key of RSA 1024",
    "mutual",
    "tls-certificate-invalid",
    shaking({ cert: SHORT.chainPem, key: SHORT.keyPem, ciphers: "DEFAULT@SECLEVEL=0" }),
  ],
  ["a chain of 11", "mutual", "tls-certificate-too-long", by(makeChain(11, ROOT))],
  [
    "a chain of 11 in TLS 1.2",
    "mutual",
    "tls-certificate-too-long",
    by(makeChain(11, ROOT), "TLSv1.2"),
  ],
  ["a chain of 112", "mutual", "tls-certificate-too-long", by(makeChain(112, ROOT))],
  [
    "a chain of 11 from somebody else's root",
    "mutual",
    "tls-certificate-too-long",
    by(makeChain(11, makeAuthority("other"))),
  ],
  [
    "one of 40 KiB",
    "mutual",
    "tls-certificate-too-long",
    by(signed({ names: manyNames(40 * 1024) })),
  ],
  [
    "one of 40 KiB that signs itself, where none is needed",
    "asking",
    "tls-certificate-too-long",
    by(makeCertificate({ names: manyNames(40 * 1024) })),
  ],
  [
    "a chain of 200 KiB",
    "mutual",
    "tls-invalid",
    flight(certificateMessage(GOOD.der, ...Array.from({ length: 600 }, () => ROOT.der))),
  ],
  ["one of random bytes", "mutual", "tls-invalid", flight(certificateMessage(randomBytes(400)))],
  ["half of one", "mutual", "tls-invalid", flight(certificateMessage(GOOD.der.subarray(0, 200)))],
  [
    "one with bytes behind it",
    "mutual",
    "tls-invalid",
    flight(certificateMessage(Buffer.concat([GOOD.der, Buffer.alloc(9)]))),
  ],
  [
    "one longer than its list",
    "mutual",
    "tls-invalid",
    flight(certificateMessage(GOOD.der).fill(0xff, 7, 10)),
  ],
  ["an empty one", "mutual", "tls-invalid", flight(certificateMessage(Buffer.alloc(0)))],
  ["a list of none", "mutual", "tls-certificate-missing", flight(certificateMessage())],
  [
    "one of somebody else, whose key it lacks",
    "mutual",
    "tls-invalid",
    flight(certificateMessage(GOOD.der), KEY_EXCHANGE, FORGED_PROOF),
  ],
  ["a proof before its certificate", "mutual", "tls-invalid", flight(KEY_EXCHANGE, FORGED_PROOF)],
  [
    "a certificate twice",
    "mutual",
    "tls-invalid",
    flight(certificateMessage(GOOD.der), certificateMessage(GOOD.der)),
  ],
  ["a new handshake in TLS 1.2", "mutual", "", renegotiate],
];
