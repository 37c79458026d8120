import { describe, expect, onTestFinished, test } from "vitest";
import { Handshake, HANDSHAKE_TIMEOUT_MS } from "../../../proxy/clients/handshake.ts";
import type { Shown } from "../../../proxy/clients/shown-tls.ts";
import type { ListenerTls } from "../../../proxy/table/tls.ts";
import { DOOR_TLS } from "./tls-door-fixture.ts";
import type { PeerTls } from "../../../proxy/transport/peer.ts";
import { ReadBuffers } from "../../../proxy/transport/read-buffers.ts";
import type { ServerContexts, ServerIdentity } from "../../../proxy/transport/tls-contexts.ts";
import type { TlsFacts } from "../../../proxy/transport/tls-facts.ts";
import { makeAuthority, makeCertificate } from "../../support/certificates.ts";
import { eventually } from "../../support/eventually.ts";
import { manualWheel } from "../../support/manual-wheel.ts";
import type { ManualWheel } from "../../support/manual-wheel.ts";
import { dialTls, tlsServerSide } from "../transport/tls-fixture.ts";
import { dialWith } from "../transport/tls-listener.ts";
import { dial, listen } from "../transport/transport-fixture.ts";
import { PEER } from "./clients-fixture.ts";

const NOW_MS = Date.UTC(2026, 0, 1);
const BEFORE = new Date(NOW_MS - 1);
const AFTER = new Date(NOW_MS + 1);
const { context } = tlsServerSide();

/** Certificates of the listener, by the name that a client asks for. */
const OWN: Readonly<Record<string, ServerIdentity>> = {
  "": { notAfterMs: AFTER.getTime(), context, uris: [] } as unknown as ServerIdentity,
  ended: { notAfterMs: BEFORE.getTime(), context, uris: [] } as unknown as ServerIdentity,
};
const CONTEXTS = {
  first: OWN[""],
  choosesByName: true,
  pick: (name: string) => OWN[name] ?? OWN[""],
} as unknown as ServerContexts;

/** What its owner was shown, and what the handshake is of that. */
const SHOWN = { isJudged: true } as PeerTls;

/** A handshake of the next connection to a port, with what its owner hears. */
class Bed {
  readonly shown: Shown[] = [];
  readonly heard: string[] = [];
  readonly time: ManualWheel = manualWheel();
  handshake: Handshake | undefined;
  port = 0;

  static async of(tls: Partial<ListenerTls> = {}): Promise<Bed> {
    const bed = new Bed();
    const deps = {
      clock: { wallMs: () => NOW_MS } as never,
      wheel: bed.time.wheel,
      buffers: new ReadBuffers(),
    };
    bed.port = await listen((accepted) => {
      const newcomer = { accepted, peer: PEER, read: undefined };
      bed.handshake = new Handshake(newcomer, { ...DOOR_TLS, ...tls }, CONTEXTS, deps, {
        speaksHttp: true,
        protocols: ["h2", "http/1.1"],
        show: (shown) => {
          bed.shown.push(shown);
          return SHOWN;
        },
        onShaken: (transport, peer, agreed) => {
          bed.heard.push(`shaken ${peer.address} ${peer.tls === SHOWN}${agreed && ` ${agreed}`}`);
          onTestFinished(() => transport.destroy());
        },
        onRefused: (refusal, _peer, detail) => bed.heard.push(`${refusal} ${detail}`.trim()),
      });
    }, true);
    return bed;
  }

  /** The handshake of a client that is there and says nothing. */
  async begun(): Promise<Handshake> {
    await dial(this.port);
    await eventually(() => expect(this.handshake).toBeDefined());
    return this.handshake as Handshake;
  }
}

const issuer = makeAuthority();
const dates = { issuer, notBefore: new Date(0) };
const valid = makeCertificate({ ...dates, notAfter: AFTER, names: ["DNS:client.test"] }).der;
const ended = makeCertificate({ ...dates, notAfter: BEFORE }).der;

const FACTS: TlsFacts = {
  serverName: "",
  protocol: "TLSv1.3",
  alpn: "http/1.1",
  resumed: false,
  peerDer: undefined,
  chainError: undefined,
};

describe("Handshake.judge()", () => {
  test.each<[string, Partial<ListenerTls>, Partial<TlsFacts>, string | undefined]>([
    ["anybody where nobody is asked", {}, {}, undefined],
    ["a certificate that nobody asked for", {}, { peerDer: ended, chainError: "X" }, undefined],
    ["one that shows none, if asked only", { clientCert: "request" }, {}, undefined],
    ["one that shows none but must", { clientCert: "require" }, {}, "missing"],
    ["a valid certificate", { clientCert: "require" }, { peerDer: valid }, undefined],
    [
      "a chain that does not verify",
      { clientCert: "request" },
      { peerDer: valid, chainError: "CERT_HAS_EXPIRED" },
      "expired",
    ],
    [
      "a session whose client has expired",
      { clientCert: "request" },
      { peerDer: ended, resumed: true },
      "expired",
    ],
    ["a fresh look at our ended certificate", {}, { serverName: "ended" }, undefined],
    ["a session over the end of ours", {}, { serverName: "ended", resumed: true }, "expired"],
    ["a session while ours is valid", {}, { resumed: true }, undefined],
    [
      "anybody of the mesh after the end of ours",
      { intentions: true },
      { serverName: "ended" },
      "expired",
    ],
  ])("judges %s", async (_, tls, facts, problem) => {
    const bed = await Bed.of(tls);
    const error = (await bed.begun()).judge({ ...FACTS, ...facts });
    expect(error).toEqual(problem === undefined ? undefined : expect.objectContaining({ problem }));
    expect(bed.shown).toHaveLength(problem === undefined ? 1 : 0);
  });

  test("shows its owner both sides, and the contexts that counted", async () => {
    const bed = await Bed.of({ clientCert: "require" });
    const handshake = await bed.begun();
    handshake.judge({ ...FACTS, serverName: "other", peerDer: valid });
    expect(bed.shown).toMatchObject([
      { own: OWN[""], client: { dns: ["client.test"] }, contexts: CONTEXTS },
    ]);
  });
});

test("Handshake offers what its listener speaks, but in the mesh takes what is named", async () => {
  const [alone, mesh] = [await Bed.of(), await Bed.of({ intentions: true })];
  expect((await alone.begun()).alpn.toString("latin1")).toBe("\x02h2\x08http/1.1");
  expect((await mesh.begun()).alpn).toHaveLength(0);
});

test("Handshake ends once: as a client's connection with what it has shown", async () => {
  const bed = await Bed.of();
  await dialTls(bed.port);
  await eventually(() => expect(bed.heard).toEqual([`shaken ${PEER.address} true`]));
  bed.time.advance(2 * HANDSHAKE_TIMEOUT_MS);
  expect(bed.heard).toHaveLength(1);
});

test("Handshake is refused, once, when it takes too long", async () => {
  const bed = await Bed.of();
  await bed.begun();
  bed.time.advance(HANDSHAKE_TIMEOUT_MS - 1_000);
  expect(bed.heard).toEqual([]);
  bed.time.advance(2_000);
  await eventually(() => expect(bed.heard).toEqual(["tls-timeout"]));
});

test("Handshake says what was wrong: OpenSSL's word, or what was found", async () => {
  const bed = await Bed.of({ intentions: true });
  const socket = await dial(bed.port);
  socket.end("GET / HTTP/1.1\r\n\r\n");
  await eventually(() => expect(bed.heard).toEqual(["tls-plain-http ERR_SSL_HTTP_REQUEST"]));
  dialWith(bed.port, { servername: "ended" });
  await eventually(() => expect(bed.heard[1]).toMatch(/^tls-certificate-expired .*found ours$/));
});
