import { describe, expect, onTestFinished, test } from "vitest";
import { followIntentions } from "../../../control/registry/followed-intentions.ts";
import type { FoundIntentions } from "../../../control/registry/followed-intentions.ts";
import type { ConsulRequest } from "../../../control/consul/client.ts";
import { ConsulError } from "../../../control/consul/consul-error.ts";
import type { ConsulErrorCode } from "../../../control/consul/consul-error.ts";
import { eventually } from "../../support/eventually.ts";
import { openConsulBed } from "../../support/fake-consul-bed.ts";
import type { FakeConsul } from "../../support/fake-consul.ts";

const LIST = "connect/intentions";
const MATCH = "connect/intentions/match";
const CHECK = "connect/intentions/check";

const intention = (SourceName: string, DestinationName = "web"): object => {
  return { SourceName, DestinationName, Action: "deny", Precedence: 9 };
};

/** Whether a request is refused, and as what. */
type Refusal = (request: ConsulRequest) => ConsulErrorCode | undefined;

/** Follows the intentions of `web`, with what the agent answers unless it refuses. */
async function following(
  match: readonly object[],
  isAllowed: boolean,
  refusal: Refusal = () => undefined,
) {
  const { consul, deps } = await openConsulBed();
  const { client } = deps;
  const send = client.request.bind(client);
  client.request = async (asked) => {
    const code = refusal(asked);
    if (code === undefined) return send(asked);
    throw new ConsulError(code, asked.action, "it is refused");
  };
  consul.answers.set(LIST, []);
  consul.answers.set(MATCH, { web: match });
  consul.answers.set(CHECK, { Allowed: isAllowed });
  const told: FoundIntentions[] = [];
  const path = followIntentions(deps, "web", (found) => void told.push(found));
  onTestFinished(async () => {
    consul.fault = undefined;
    consul.changed();
    await path.close();
  });
  await path.tried;
  return { consul, path, told };
}

/** Something has changed in the list of those that are about `web`. */
function change(consul: FakeConsul): void {
  consul.answers.set(LIST, [intention("changed")]);
  consul.changed();
}

/** What was asked about whom: `check a web`. */
function checks({ asked }: FakeConsul): readonly (string | null)[] {
  const urls = asked.filter((each) => each.includes(CHECK)).map((each) => each.split(" ")[1]);
  return urls.map((url) => new URL(url ?? "", "http://x").searchParams.get("destination"));
}

describe("What holds without an intention", () => {
  test.each([
    ["allow", true],
    ["deny", false],
  ] as const)("is %s if Consul says %s of somebody whom none names", async (action, isAllowed) => {
    const { consul, told } = await following([intention("a")], isAllowed);
    expect(told).toMatchObject([{ defaultAction: action, list: [{ source: { name: "a" } }] }]);
    expect(checks(consul)).toEqual(["web"]);
  });

  test("is asked about another destination where an intention is about everybody", async () => {
    const { consul, told } = await following([intention("*")], true);
    expect(told).toMatchObject([{ defaultAction: "allow" }]);
    expect(checks(consul)).toEqual(["sluice-default-of-intentions"]);
  });

  test("is deny, and not asked, where one is about everybody and everything", async () => {
    const { consul, told } = await following([intention("*", "*")], true);
    expect(told).toMatchObject([{ defaultAction: "deny" }]);
    expect(checks(consul)).toEqual([]);
  });

  test("is deny where the token may not ask about another destination", async () => {
    const { told } = await following([intention("*")], true, ({ path }) =>
      path === CHECK ? "consul_denied" : undefined,
    );
    expect(told).toMatchObject([{ defaultAction: "deny" }]);
  });

  test("is a problem where the token may not ask about its own service", async () => {
    const { path, told } = await following([intention("a")], true, (asked) =>
      asked.path === CHECK ? "consul_denied" : undefined,
    );
    expect([told, path.problem]).toEqual([[], expect.stringContaining("it is refused")]);
  });

  test("is deny where Consul's answer cannot be read", async () => {
    const { consul, told } = await following([intention("a")], true);
    consul.answers.set(CHECK, { Allow: true });
    change(consul);
    await eventually(() => expect(told.at(-1)).toMatchObject({ defaultAction: "deny" }));
  });
});

test("followIntentions() reads again when any intention of ours changes", async () => {
  const { consul, told } = await following([], true);
  expect(told).toMatchObject([{ list: [] }]);
  consul.answers.set(MATCH, { web: [intention("b")] });
  change(consul);
  await eventually(() => expect(told.at(-1)).toMatchObject({ list: [{ source: { name: "b" } }] }));
  const [, url = ""] = consul.asked.find((each) => /intentions\?/.test(each))?.split(" ") ?? [];
  expect(new URL(url, "http://x").searchParams.get("filter")).toBe(
    'DestinationName == "web" or DestinationName == "*"',
  );
});

test("followIntentions() takes what any server has while there is no leader", async () => {
  const { told } = await following([intention("a")], true, ({ path, query = {} }) =>
    path.startsWith(`${LIST}/`) && !("stale" in query) ? "consul_no_leader" : undefined,
  );
  expect(told).toMatchObject([{ defaultAction: "allow", list: [{ source: { name: "a" } }] }]);
});

test("followIntentions() keeps what it has when it may not read them any more", async () => {
  const { consul, path, told } = await following([intention("a")], true);
  consul.fault = { kind: "answer", status: 403, text: "Permission denied" };
  consul.changed();
  await eventually(() => expect(path.problem).toBeDefined());
  expect([told.length, path.value?.list.length]).toEqual([1, 1]);
});
