import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { FleetCountsAnswer } from "../../control/api/counts-routes.ts";
import { bearer, newToken } from "../support/api-tokens.ts";
import { makeAuthority, makeCertificate } from "../support/certificates.ts";
import { consulForTests } from "../support/consul-binary.ts";
import { TestAgent } from "../support/consul.ts";
import { eventually } from "../support/eventually.ts";
import { runCommand } from "../support/run-cli.ts";
import { startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { TlsFolder } from "../support/tls-files.ts";
import { VersionOrigin } from "../support/version-origin.ts";

/*
 * Goal: one sidecar can say what all have counted, and who is missing. Method: whole sidecars over
 * a real agent, whose APIs take tokens; one is killed, one shows the wrong token.
 */

const binary = (await consulForTests()) ?? "";
const reader = newToken("fleet");
const stranger = newToken("stranger");

describe.skipIf(binary === "")("the counts of a fleet", { timeout: 60_000 }, () => {
  let agent: TestAgent;
  let origin: VersionOrigin;

  beforeAll(async () => {
    agent = await TestAgent.start(binary);
    origin = await VersionOrigin.start("v1");
  });
  afterAll(async () => {
    origin[Symbol.dispose]();
    await agent[Symbol.asyncDispose]();
  });

  async function start(sidecar: string, secret: string): Promise<TestSidecar> {
    const tokenFile = join(await temporaryFolder(), "fleet.token");
    await writeFile(tokenFile, `${secret}\n`, { mode: 0o600 });
    const { name, sha256, role } = reader.entry;
    const v1 = { weight: 1, endpoints: [origin.address] };
    const started = await startSidecar({
      control: { bind: "127.0.0.1:0", auth: { tokens: [{ name, sha256, role }] } },
      store: { kind: "consul", prefix: "sluice" },
      consul: { address: agent.address, sidecar, copies: false, fleet: { tokenFile } },
      services: { web: { hosts: ["localhost"], versions: { v1, v2: { ...v1, weight: 0 } } } },
    });
    onTestFinished(started.stop);
    return started;
  }

  async function requests({ ports }: TestSidecar, many: number): Promise<void> {
    for (let count = 0; count < many; count += 1) {
      expect((await fetch(`http://localhost:${ports[0]}/`)).status).toBe(200);
    }
  }

  async function counts({ call }: TestSidecar, query = "?service=web"): Promise<FleetCountsAnswer> {
    const path = `/v1/fleet/counts${query}`;
    const answer = await call("GET", path, undefined, bearer(reader.secret));
    expect(answer.status).toBe(200);
    return (await answer.json()) as FleetCountsAnswer;
  }

  test("are those of all that answer, and it is said who does not, and why", async () => {
    const a = await start("a", reader.secret);
    const b = await start("b", stranger.secret);
    const c = await start("c", reader.secret);
    await requests(a, 3);
    await requests(b, 4);
    await requests(c, 5);
    await eventually(async () => {
      const { seen, of, missing, versions } = await counts(a);
      expect([seen, of, missing]).toEqual([3, 3, []]);
      expect(versions["v1"]?.requests["2xx"]).toBe(12);
      expect(versions["v1"]?.attempts["ok"]).toBe(12);
      expect(versions["v2"]?.requests["2xx"]).toBe(0);
    });
    const timed = (await counts(c)).versions["v1"]?.durations.reduce((sum, [, n]) => sum + n, 0);
    expect(timed).toBe(12);

    // Its token is no good to the others.
    const poor = await counts(b);
    expect([poor.seen, poor.of, poor.versions["v1"]?.requests["2xx"]]).toEqual([1, 3, 4]);
    expect(poor.missing.map(({ sidecar, reason }) => `${sidecar} ${reason}`)).toEqual([
      expect.stringContaining("a it answered 401 (Cannot tell who asks"),
      expect.stringContaining("c it answered 401 (Cannot tell who asks"),
    ]);

    // Dead, and still on the list.
    c.child.kill("SIGKILL");
    await c.ended;
    const left = await counts(a);
    expect([left.seen, left.of, left.versions["v1"]?.requests["2xx"]]).toEqual([2, 3, 7]);
    expect(left.missing).toEqual([
      { sidecar: "c", reason: expect.stringContaining("ECONNREFUSED") as string },
    ]);
    const unknown = await a.call(
      "GET",
      "/v1/fleet/counts?service=x",
      undefined,
      bearer(reader.secret),
    );
    expect(unknown.status).toBe(404);
  });

  test("are asked for over TLS, by sidecars that show certificates", async () => {
    const root = makeAuthority("fleet root");
    const names = ["IP:127.0.0.1", "URI:spiffe://mesh/sidecar"];
    const files = await TlsFolder.make(makeCertificate({ issuer: root, names }), root);
    const at = (name: string): string => join(files.folder, name);
    const [cert, key, ca] = [at("api.pem"), at("api.key"), at("clients.pem")];
    const startOne = async (sidecar: string): Promise<TestSidecar> => {
      const auth = { certs: [{ uri: "spiffe://mesh/sidecar", role: "read" }] };
      const started = await startSidecar({
        control: { bind: "127.0.0.1:0", tls: { cert, key, clientCa: ca }, auth },
        store: { kind: "consul", prefix: "tls" },
        consul: { address: agent.address, sidecar, fleet: { tls: { ca, cert, key } } },
        services: { web: { versions: { v1: { endpoints: [origin.address] } } } },
      });
      onTestFinished(started.stop);
      return started;
    };
    const [a] = [await startOne("a"), await startOne("b")];
    const args = ["fleet", "web", "--ca", ca, "--cert", cert, "--key", key];
    await eventually(async () => {
      const { status, out } = await runCommand(args, { SLUICE_API: a.api });
      expect([status, out]).toEqual([0, expect.stringContaining("seen 2 of 2")]);
    });
  });

  test("go on with an upgrade, under one epoch", async () => {
    const a = await startSidecar({
      store: { kind: "consul", prefix: "other" },
      consul: { address: agent.address, sidecar: "a", copies: false },
      services: {
        web: { hosts: ["localhost"], versions: { v1: { endpoints: [origin.address] } } },
      },
    });
    onTestFinished(a.stop);
    await requests(a, 3);
    await eventually(async () => {
      expect((await counts(a)).versions["v1"]?.requests["2xx"]).toBe(3);
    });
    const [before] = (await counts(a, "")).sidecars;
    const upgraded = (await (await a.call("POST", "/v1/upgrade", {})).json()) as { pid: number };
    onTestFinished(() => void process.kill(upgraded.pid, "SIGKILL"));
    await a.ended;
    await requests(a, 1);
    await eventually(async () => {
      const after = await counts(a);
      expect(after.versions["v1"]?.requests["2xx"]).toBe(4);
      expect(after.sidecars).toEqual([before]);
    });
  });
});
