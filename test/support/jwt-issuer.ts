import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import type { CryptoKey, JSONWebKeySet, JWTPayload } from "jose";
import { onTestFinished } from "vitest";

/** A key that signs. */
export type IssuerKey = {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  /** Its public half in a set of its own. */
  readonly set: JSONWebKeySet;
};

export const ISSUER = "https://issuer.test";
export const AUDIENCE = "sluice";

/** A new key. */
export async function newKey(kid: string, alg = "ES256"): Promise<IssuerKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid, alg };
  return { kid, alg, privateKey, set: { keys: [jwk] } };
}

/** The keys of both. */
export function join(...keys: readonly IssuerKey[]): JSONWebKeySet {
  return { keys: keys.flatMap(({ set }) => set.keys) };
}

/**
 * A token that `key` has signed. `nowMs`: wall clock; it is valid for a minute. Claims of undefined
 * are left out.
 */
export function signed(
  { kid, alg, privateKey }: IssuerKey,
  nowMs: number,
  claims: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const nowS = Math.floor(nowMs / 1_000);
  const usual = { iss: ISSUER, aud: AUDIENCE, sub: "ann", role: "shift" };
  const payload = { ...usual, iat: nowS, nbf: nowS, exp: nowS + 60, ...claims };
  return new SignJWT(JSON.parse(JSON.stringify(payload)) as JWTPayload)
    .setProtectedHeader({ alg, kid })
    .sign(privateKey);
}

/** A server of keys, which counts how often it is asked. */
export type KeyServer = {
  readonly url: string;
  answer: { status: number; body: string };
  asked: number;
};

/** Starts one that answers with a set. */
export async function serveKeys(set: JSONWebKeySet): Promise<KeyServer> {
  const server = createServer((_request, response) => {
    served.asked += 1;
    response.writeHead(served.answer.status, { location: "/elsewhere" }).end(served.answer.body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const served: KeyServer = {
    url: `http://127.0.0.1:${port}/keys`,
    answer: { status: 200, body: JSON.stringify(set) },
    asked: 0,
  };
  return served;
}
