import { describe, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { ask, openHttp2 } from "./http2-fixture.ts";
import { get, openTls, rejected, serving } from "./tls-door-fixture.ts";

describe("openClient()", () => {
  const TLS = { scheme: "https", rejectUnauthorized: false };

  test("follows what was agreed on over TLS, by the listener's liking", async () => {
    const { bed, port } = await serving();
    expect((await ask(openHttp2(port, TLS), { ":scheme": "https" })).status).toBe(200);
    expect(bed.origin.requests.at(-1)?.field("x-forwarded-proto")).toBe("https");
    expect(bed.deps.connections.http2).toBe(1);
    const old = await openTls(port, { ALPNProtocols: ["http/1.1"] });
    expect((await old.send(get()).response()).status).toBe(200);
    const silent = await openTls(port);
    expect((await silent.send(get()).response()).status).toBe(200);
    expect(bed.deps.connections.http2).toBe(1);
  });

  test("turns away over TLS who speaks nothing that the listener does", async () => {
    const { bed, port } = await serving({}, { protocols: ["http/1.1"] });
    await expect(openTls(port, { ALPNProtocols: ["h2"] })).rejects.toThrow(
      "no application protocol",
    );
    await eventually(() => expect(rejected(bed)["tls-alpn"]).toBe(1));
  });

  test("answers 421 to a Host that another certificate stands for", async () => {
    const identities = ["shop", "other"];
    const { port } = await serving({ identities }, { service: undefined });
    const session = openHttp2(port, { ...TLS, servername: "shop.example" });
    const got = await ask(session, { ":authority": "other.example", ":scheme": "https" });
    expect(got.status).toBe(421);
  });
});
