import { describe, expect, onTestFinished, test } from "vitest";
import { followIntentions } from "../../control/registry/followed-intentions.ts";
import type { FoundIntentions } from "../../control/registry/followed-intentions.ts";
import { IntentionJudge } from "../../proxy/intentions/intention-judge.ts";
import { parseServiceId } from "../../proxy/intentions/spiffe-id.ts";
import { seededRandom } from "../../proxy/base/random.ts";
import { consulForTests } from "../support/consul-binary.ts";
import { consulDeps } from "../support/consul-deps.ts";
import { TestAgent } from "../support/consul.ts";
import { eventually } from "../support/eventually.ts";

/*
 * Goal: our judgement of who may is that of a real Consul, whatever intentions there are, with
 * either default, and as soon as they change. Consul is asked twice: by intentions/check and by
 * agent/connect/authorize, which its own proxy asks.
 */

const binary = (await consulForTests()) ?? "";

const DOMAIN = "a.consul";
const ROOT_TOKEN = "7e7a1d3c-0000-4000-8000-000000000001";
const SOURCES = ["api", "batch", "other"];

type Slot = { readonly SourceName: string; readonly DestinationName: string };

/** Whatever two names there are on either side: an exact one or all. */
const SLOTS: readonly Slot[] = ["api", "batch", "*"].flatMap((SourceName) =>
  ["web", "*"].map((DestinationName) => ({ SourceName, DestinationName })),
);

/** Asks Consul as somebody with all rights, or without ACLs. */
function caller(agent: TestAgent, token: string) {
  return async (method: string, path: string, body?: object): Promise<unknown> => {
    const response = await fetch(`${agent.address}/v1/${path}`, {
      method,
      headers: token === "" ? {} : { "x-consul-token": token },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(10_000),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text === "" ? "null" : text);
  };
}

function uriOf(source: string): string {
  return `spiffe://${DOMAIN}/ns/default/dc/dc1/svc/${source}`;
}

/** Follows the intentions of web until the test ends. */
function follow(agent: TestAgent, token: string) {
  const deps = consulDeps({ address: agent.address, token });
  const told: FoundIntentions[] = [];
  const followed = followIntentions(deps, "web", (found) => void told.push(found));
  onTestFinished(async () => {
    await followed.close();
    await deps[Symbol.asyncDispose]();
  });
  const isAllowed = (source: string): boolean => {
    const last = told.at(-1);
    const judge = new IntentionJudge(last && { ...last, trustDomain: DOMAIN });
    return judge.ruleFor(parseServiceId(uriOf(source))).always === "allow";
  };
  return { followed, told, isAllowed };
}

async function startAgent(settings: object): Promise<TestAgent> {
  const agent = await TestAgent.start(binary, { settings: { ...settings } });
  onTestFinished(async () => agent[Symbol.asyncDispose]());
  return agent;
}

const ACL = { enabled: true, tokens: { master: ROOT_TOKEN } };

describe.skipIf(binary === "")("intentions of a real Consul", { timeout: 60_000 }, () => {
  test.each([
    ["no ACLs", {}, ""],
    ["ACLs that deny by default", { acl: { ...ACL, default_policy: "deny" } }, ROOT_TOKEN],
  ])("with %s we judge as it does, after each change", async (_, settings, token) => {
    const agent = await startAgent(settings);
    const call = caller(agent, token);
    const { isAllowed } = follow(agent, token);
    const random = seededRandom(13);
    const ids = new Map<Slot, string>();
    const answers: boolean[] = [];
    const toggle = async (slot: Slot): Promise<void> => {
      const id = ids.get(slot);
      if (id !== undefined) {
        await call("DELETE", `connect/intentions/${id}`);
        ids.delete(slot);
        return;
      }
      const Action = random.next() < 0.5 ? "allow" : "deny";
      const made = await call("POST", "connect/intentions", { ...slot, Action });
      ids.set(slot, (made as { ID: string }).ID);
    };
    for (let step = 0; step < 8; step += 1) {
      const chosen = SLOTS.filter(() => random.next() < 0.3);
      await Promise.all(chosen.map(toggle));
      for (const source of SOURCES) {
        const checked = await call(
          "GET",
          `connect/intentions/check?source=${source}&destination=web`,
        );
        const authorized = await call("POST", "agent/connect/authorize", {
          Target: "web",
          ClientCertURI: uriOf(source),
          ClientCertSerial: "04",
        });
        const { Allowed } = checked as { Allowed: boolean };
        expect((authorized as { Authorized: boolean }).Authorized).toBe(Allowed);
        await eventually(() => expect(isAllowed(source), `${step} ${source}`).toBe(Allowed));
        answers.push(Allowed);
      }
    }
    expect(new Set(answers).size).toBe(2);
  });

  test("a token that may not read them is no reason to allow what it cannot see", async () => {
    const agent = await startAgent({ acl: { ...ACL, default_policy: "deny" } });
    const call = caller(agent, ROOT_TOKEN);
    const tokenFor = async (Name: string, Rules: string): Promise<string> => {
      await call("PUT", "acl/policy", { Name, Rules });
      const made = await call("PUT", "acl/token", { Policies: [{ Name }] });
      return (made as { SecretID: string }).SecretID;
    };
    await call("POST", "connect/intentions", {
      SourceName: "api",
      DestinationName: "*",
      Action: "allow",
    });
    const own = await tokenFor("own", 'service "web" { policy = "write" }');
    const other = await tokenFor("other", 'service "api" { policy = "write" }');
    const allowed = follow(agent, own);
    const refused = follow(agent, other);
    await Promise.all([allowed.followed.tried, refused.followed.tried]);
    expect(allowed.isAllowed("api")).toBe(true);
    expect(allowed.isAllowed("other")).toBe(false);
    expect(refused.isAllowed("api")).toBe(false);
    expect(refused.told).toEqual([]);
    expect(refused.followed.problem).toMatch(/read the intentions of web: Consul answered 403/);
  });

  test("what is known stays in force while Consul is away", async () => {
    const agent = await startAgent({});
    const call = caller(agent, "");
    await call("POST", "connect/intentions", {
      SourceName: "api",
      DestinationName: "web",
      Action: "deny",
    });
    const { followed, isAllowed } = follow(agent, "");
    await eventually(() => expect(isAllowed("other")).toBe(true));
    await agent.kill();
    await eventually(() => expect(followed.problem).toMatch(/cannot be reached/));
    expect([isAllowed("other"), isAllowed("api")]).toEqual([true, false]);
  });
});
