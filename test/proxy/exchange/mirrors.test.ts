import { describe, expect, test } from "vitest";
import type { MirrorPolicy } from "../../../proxy/table/mirror.ts";
import { eventually } from "../../support/eventually.ts";
import { serviceSnapshot } from "../table/service-fixture.ts";
import type { MessageUser } from "../../../proxy/upstream/upstream-connection.ts";
import { ExchangeBed, FakeStream } from "./exchange-fixture.ts";

const GET = "GET /a?b=c HTTP/1.1\r\nHost: web\r\nAuthorization: Bearer secret\r\n\r\n";
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: 1\r\n\r\nhi";

const { policy } = serviceSnapshot({ v1: 1 });
const COMPARE = { status: true, headers: true, body: true, ignored: [] };

type Mirrored = {
  readonly bed: ExchangeBed;
  readonly copy: FakeStream;
  readonly pool: string[];
  user: MessageUser | undefined;
};

/** An exchange whose requests are copied to v2, which has a pool of its own. */
function mirrored(parts: Partial<MirrorPolicy> = {}): Mirrored {
  const mirror = { to: "v2", percent: 100, methods: ["GET", "PUT"], compare: COMPARE, ...parts };
  const versions = ["v1", "v2"].map((name, index) => ({
    name,
    weight: 1 - index,
    state: "ready" as const,
    endpoints: [{ address: "127.0.0.1:1", weight: 1, state: "ready" as const, healthy: true }],
  }));
  const bed = new ExchangeBed({ versions, policy: { ...policy, mirror } });
  const copy = new FakeStream();
  const made: Mirrored = { bed, copy, pool: [], user: undefined };
  const note = (what: string) => (): void => void made.pool.push(what);
  Object.assign(bed.live.pools[1] as object, {
    acquire: (user: MessageUser) => {
      made.user = user;
      made.pool.push("acquire");
      return bed.upstream(copy);
    },
    cancel: note("cancel"),
    release: note("release"),
    discard: note("discard"),
    succeeded: note("well"),
    failed: note("bad"),
  });
  return made;
}

/** A whole exchange that clients see; its answer is OK. */
function exchange({ bed }: Mirrored, request = GET): void {
  bed.answers.push(bed.upstream(new FakeStream()));
  bed.request(request);
  bed.respond(OK);
}

async function answer(made: Mirrored, text: string): Promise<void> {
  await eventually(() => expect(made.copy.text).not.toBe(""));
  const bytes = Buffer.from(text);
  made.user?.onUpstreamData(bytes, bytes.length);
}

const counts = ({ bed }: Mirrored): unknown => bed.policyCounts.stats()[0]?.counts;
const shadows = ({ bed }: Mirrored): unknown => bed.mirrors.counts.stats()[0];

describe("Mirrors", () => {
  test("send a marked copy, off the client's path, and count what comes of it", async () => {
    const made = mirrored();
    exchange(made);
    expect([made.bed.ended, made.pool]).toEqual([["keep"], []]);
    await answer(made, OK);
    expect(made.copy.text.startsWith("GET /a?b=c HTTP/1.1\r\n")).toBe(true);
    expect(made.copy.text.endsWith("X-Sluice-Mirrored: 1\r\n\r\n")).toBe(true);
    expect(made.pool).toEqual(["acquire", "release"]);
    expect(counts(made)).toEqual({ "mirror:answered": 1 });
    expect(shadows(made)).toMatchObject({ compared: 1, different: 0 });
    expect(made.bed.live.pools[1]?.counters.touched).toBe(false);
  });

  test("tell in what the answers differ, and no secret", async () => {
    const made = mirrored();
    exchange(made);
    await answer(made, OK.replace("200 OK", "404 No").replace("X-A: 1", "X-A: 2"));
    expect(shadows(made)).toMatchObject({ compared: 1, different: 1, status: 1, headers: 1 });
    expect(shadows(made)).toMatchObject({
      samples: [{ method: "GET", path: "/a", status: [200, 404], headers: ["x-a"] }],
    });
    expect(JSON.stringify(shadows(made))).not.toContain("secret");
  });

  test("send a body whole, with its length", async () => {
    const made = mirrored();
    const chunked = "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    exchange(made, `PUT /a HTTP/1.1\r\nHost: web\r\n${chunked}`);
    await answer(made, OK);
    expect(made.copy.text).toContain("\r\nContent-Length: 3\r\n");
    expect(made.copy.text).not.toContain("chunked");
    expect(made.copy.text.endsWith("\r\n\r\nabc")).toBe(true);
  });

  test("leave nobody a connection that a copy may have signed in", async () => {
    const byClient = mirrored();
    exchange(byClient, GET.replace("Bearer secret", "Negotiate YII="));
    await answer(byClient, OK);
    const byEndpoint = mirrored();
    exchange(byEndpoint);
    await answer(byEndpoint, OK.replace("X-A: 1", "WWW-Authenticate: NTLM"));
    for (const { pool } of [byClient, byEndpoint]) expect(pool).toEqual(["acquire", "discard"]);
    expect(counts(byClient)).toEqual({ "mirror:answered": 1 });
  });

  test("count copies that fail, try none twice, and blame no endpoint", async () => {
    const made = mirrored();
    exchange(made);
    await eventually(() => expect(made.copy.text).not.toBe(""));
    made.user?.onUpstreamClosed(undefined);
    expect([counts(made), made.pool]).toEqual([{ "mirror:failed": 1 }, ["acquire"]]);
    const broken = mirrored();
    exchange(broken);
    await answer(broken, "no HTTP\r\n\r\n");
    expect(counts(broken)).toEqual({ "mirror:failed": 1 });
    expect(broken.pool).toEqual(["acquire", "discard"]);
  });

  test.each([
    ["other methods", {}, GET.replace("GET", "DELETE")],
    ["what chance leaves out", { percent: 0 }, GET],
    ["what went to the version itself", { to: "v1" }, GET],
  ])("copy nothing of %s", async (_what, parts, request) => {
    const made = mirrored(parts);
    exchange(made, request);
    const other = mirrored();
    exchange(other);
    await eventually(() => expect(other.copy.text).not.toBe(""));
    expect([made.pool, counts(made)]).toEqual([[], undefined]);
  });

  test("drop a copy that no connection is there for", async () => {
    const made = mirrored();
    Object.assign(made.bed.live.pools[1] as object, { acquire: () => "waiting" });
    exchange(made);
    await eventually(() => expect(counts(made)).toEqual({ "mirror:dropped": 1 }));
    expect(made.pool).toEqual(["cancel"]);
  });
});
