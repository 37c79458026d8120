import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:https";
import type { ServerOptions } from "node:https";
import type { AddressInfo, Server } from "node:net";
import type { TLSSocket } from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import { readApiAddress } from "../../../control/cli/api-address.ts";
import type { ClientTls } from "../../../control/cli/api-access.ts";
import { failureOf } from "../../../control/cli/api-failure.ts";
import { ApiClient } from "../../../control/cli/client.ts";
import { createAuthority } from "../../support/authority.ts";
import type { CertificateWish } from "../../support/certificates.ts";

const AUTHORITY = createAuthority();
const STRANGER = createAuthority("stranger");
const HERE = { names: ["IP:127.0.0.1"] };
const OURS = AUTHORITY.issue({ subject: "ci" });
const FOREIGN = STRANGER.issue({ subject: "ci" });

/** What a server that shows a certificate of this kind is started with. */
function serving(wish: CertificateWish = HERE, by = AUTHORITY): ServerOptions {
  const { certPem: cert, keyPem: key } = by.issue(wish);
  return { cert, key };
}

const MUTUAL = { ...serving(), requestCert: true, ca: AUTHORITY.pem };

async function started(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A server that answers with the subject of the certificate that it is shown. */
async function startServer(options: ServerOptions): Promise<string> {
  const server = createServer(options, (request, response) => {
    const seen = (request.socket as TLSSocket).getPeerCertificate();
    response.end(JSON.stringify(seen.subject?.CN ?? "nobody"));
  });
  return `https://${await started(server)}`;
}

function ask(url: string, tls: Partial<ClientTls> = {}): Promise<unknown> {
  const all = { ca: AUTHORITY.pem, cert: undefined, key: undefined, ...tls };
  const token = { text: "s3cret", from: "SLUICE_TOKEN" };
  return new ApiClient(readApiAddress(url), { token, tls: all }).get("/v1/x");
}

function shown({ certPem: cert, keyPem: key }: typeof OURS): Partial<ClientTls> {
  return { cert, key };
}

test("an API is reached by TLS, and shown a certificate if it asks for one", async () => {
  expect(await ask(await startServer(serving()))).toBe("nobody");
  expect(await ask(await startServer(MUTUAL), shown(OURS))).toBe("ci");
  const below = AUTHORITY.intermediate("below").issue({ subject: "deep" });
  expect(await ask(await startServer(MUTUAL), shown(below))).toBe("deep");
});

const HOUR_MS = 3_600_000;
const past = new Date(Date.now() - HOUR_MS);
const longPast = new Date(Date.now() - 2 * HOUR_MS);
const future = new Date(Date.now() + HOUR_MS);

test.each<[string, ServerOptions, Partial<ClientTls>, RegExp]>([
  ["nobody here trusts", serving(HERE, STRANGER), {}, /^UNABLE_TO_VERIFY.*--ca FILE or SLUICE_CA/],
  ["Node alone does not trust", serving(), { ca: undefined }, /--ca FILE or SLUICE_CA does$/],
  ["is for another", serving({ names: ["DNS:x.example"] }), {}, /^ERR_TLS_CERT_ALTNAME.*other nam/],
  ["is over", serving({ ...HERE, notBefore: longPast, notAfter: past }), {}, /has expired/],
  ["is of the future", serving({ ...HERE, notBefore: future }), {}, /not valid yet; is the clock/],
  ["wants one of ours", MUTUAL, {}, /asks for a client certificate; --cert FILE with --key FILE/],
  ["wants one, 1.2", { ...MUTUAL, maxVersion: "TLSv1.2" }, {}, /asks for a client certificate/],
  ["wants another", MUTUAL, shown(FOREIGN), /^ECONNRESET.*one that it takes by --cert and --key/],
  ["speaks TLS 1.1", { ...serving(), minVersion: "TLSv1", maxVersion: "TLSv1.1" }, {}, /from 1\.2/],
])(
  "an API whose certificate %s is refused in words that help",
  async (_name, server, tls, words) => {
    const url = await startServer(server);
    const failure = await ask(url, tls).catch((error: unknown) => error);
    const [start, why = ""] = (failure as Error).message.split(`${url}: `);
    expect([(failure as { code: string }).code, start]).toEqual([
      "unreachable",
      "Cannot reach the control API at ",
    ]);
    expect(why).toMatch(words);
    expect(why).not.toContain("s3cret");
  },
);

test("https:// where there is no TLS, and http:// where there is, are told apart", async () => {
  const plain = await started(createHttpServer((_request, response) => response.end("{}")));
  await expect(ask(`https://${plain}`)).rejects.toThrow("speaks no TLS; without, its address beg");
  const secure = (await startServer(serving())).replace("https", "http");
  await expect(ask(secure)).rejects.toThrow("if it has TLS, its address begins with https://");
});

test("NODE_TLS_REJECT_UNAUTHORIZED=0 makes nobody trusted", async () => {
  process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
  onTestFinished(() => void delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"]);
  const url = await startServer(serving(HERE, STRANGER));
  await expect(ask(url)).rejects.toThrow("nobody here trusts who signed its certificate");
});

test.each([
  ["EACCES", "unix:/x", "its socket is kept for another user"],
  ["ECONNRESET", "unix:/x", "ended before the answer did"],
  ["ENOENT", "unix:/x", "Another address: --api URL or SLUICE_API"],
  ["EAI_AGAIN", "http://x", "its name has no address"],
  ["EHOSTUNREACH", "http://x", "EHOSTUNREACH"],
  ["ERR_SSL_SOMETHING_NEW", "https://x", "ERR_SSL_SOMETHING_NEW"],
])("failureOf() puts %s at %s into words", (code, url, words) => {
  const error = Object.assign(new Error("x"), { code });
  expect(failureOf(error, { url })).toMatchObject({
    code: "unreachable",
    message: expect.stringMatching(new RegExp(`at ${url}: .*${RegExp.escape(words)}$`)),
    cause: error,
  });
});

test("failureOf() gives back what is not about the connection", () => {
  const error = Object.assign(new TypeError("x"), { code: "ERR_INVALID_ARG_TYPE" });
  expect(failureOf(error, { url: "http://x" })).toBe(error);
  expect(failureOf(error, { url: "http://x", timedOut: true })).toMatchObject({
    code: "unreachable",
    message: expect.stringContaining("no answer within 45 s"),
  });
});
