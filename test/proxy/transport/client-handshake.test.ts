import { expect, test } from "vitest";
import { ClientHandshake } from "../../../proxy/transport/client-handshake.ts";
import type { SessionPlace } from "../../../proxy/transport/client-handshake.ts";
import type { TlsFacts } from "../../../proxy/transport/tls-facts.ts";
import { makeCertificate } from "../../support/certificates.ts";

const NOW_MS = Date.now();
const HOUR_MS = 3_600_000;
const SERVER = makeCertificate({
  names: ["DNS:web.example"],
  notAfter: new Date(NOW_MS + HOUR_MS),
});
const FACTS: TlsFacts = {
  serverName: "",
  protocol: "TLSv1.3",
  alpn: "http/1.1",
  resumed: false,
  peerDer: SERVER.der,
  chainError: undefined,
};
const RESUMED: TlsFacts = { ...FACTS, resumed: true, peerDer: undefined };
const MADE_BY = {};
const TICKET = Buffer.from("ticket");

function handshake(place: SessionPlace, wish: object = {}, nowMs = NOW_MS): ClientHandshake {
  const peer = { name: "web.example", sans: [] };
  const deps = {
    context: {},
    peer,
    namesNoProtocol: false,
    insecure: false,
    madeBy: MADE_BY,
    place,
  };
  const protocol = "http/1.1";
  return new ClientHandshake({ ...deps, protocol, wallMs: () => nowMs, ...wish });
}

/** A place with the session of a whole handshake. */
function filled(): SessionPlace {
  const place: SessionPlace = { session: undefined };
  const first = handshake(place);
  expect(first.judge(FACTS)).toBe(undefined);
  first.onSession(TICKET);
  return place;
}

test("ClientHandshake keeps the session of a server that is who it should be", () => {
  const place = filled();
  expect(handshake(place).session).toBe(TICKET);
  const again = handshake(place);
  expect(again.judge(RESUMED)).toBe(undefined);
  const next = Buffer.from("next");
  again.onSession(next);
  expect(handshake(place).session).toBe(next);
});

test("ClientHandshake keeps a session that comes before the verdict only after it", () => {
  const place: SessionPlace = { session: undefined };
  const early = handshake(place);
  early.onSession(TICKET);
  expect(place.session).toBe(undefined);
  early.judge(FACTS);
  expect(handshake(place).session).toBe(TICKET);
  const wrong = handshake(place, { peer: { name: "other.example", sans: [] } });
  wrong.onSession(TICKET);
  expect(wrong.judge(FACTS)).toBeInstanceOf(Error);
  expect(place.session).toBe(undefined);
});

test("ClientHandshake resumes nothing over the end of a certificate, nor otherwise made", () => {
  const place = filled();
  expect(handshake(place, {}, NOW_MS + HOUR_MS + 1_000).session).toBe(undefined);
  // However often it was resumed.
  const again = handshake(place);
  again.judge(RESUMED);
  again.onSession(TICKET);
  expect(handshake(place, {}, NOW_MS + HOUR_MS + 1_000).session).toBe(undefined);
  expect(handshake(place, { madeBy: {} }).session).toBe(undefined);
});

test("ClientHandshake believes whoever answers if it is told to", () => {
  const place: SessionPlace = { session: undefined };
  const wish = { insecure: true, peer: { name: "other.example", sans: [] } };
  expect(handshake(place, wish).judge({ ...FACTS, chainError: "CERT_HAS_EXPIRED" })).toBe(
    undefined,
  );
});

test.each([
  ["web.example", "web.example"],
  ["10.0.0.1", ""],
  ["::1", ""],
  ["", ""],
])("ClientHandshake for %j sends %j as SNI", (name, sent) => {
  expect(handshake({ session: undefined }, { peer: { name, sans: [] } }).serverName).toBe(sent);
});

test.each([
  ["http/1.1", false, "\x08http/1.1"],
  ["h2", false, "\x02h2"],
  ["auto", false, "\x02h2\x08http/1.1"],
  ["auto", true, ""],
])("ClientHandshake for %s, unnamed: %s, offers %j", (protocol, namesNoProtocol, offered) => {
  const { alpn } = handshake({ session: undefined }, { protocol, namesNoProtocol });
  expect(alpn.toString("latin1")).toBe(offered);
});

test("ClientHandshake tells what was agreed on, also when nothing was", () => {
  const place: SessionPlace = { session: undefined };
  handshake(place).judge({ ...FACTS, alpn: "h2" });
  expect(place.agreed).toBe("h2");
  handshake(place).judge({ ...FACTS, alpn: "" });
  expect(place.agreed).toBe("");
});
