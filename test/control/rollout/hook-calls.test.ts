import { createHmac } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { HookConfig } from "../../../control/config/rollouts-schema.ts";
import { HookCalls } from "../../../control/rollout/hook-calls.ts";
import type { HookAnswer } from "../../../control/rollout/hooks.ts";
import { eventually } from "../../support/eventually.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { ScriptedHttp } from "../../support/scripted-http.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { RolloutBed } from "./rollout-bed.ts";
import { rolloutOf } from "./specs.ts";

const SECRET = "a-secret-of-some-length";
const ROLLOUT = rolloutOf({ hooks: { afterEnd: ["ci"] } });

type Bed = {
  readonly ci: ScriptedHttp;
  readonly calls: HookCalls;
  readonly clock: ManualClock;
  readonly logged: unknown[];
  readonly file: string;
};

async function openBed(wish: Partial<HookConfig> = {}): Promise<Bed> {
  const ci = await ScriptedHttp.start();
  const clock = new ManualClock();
  const file = join(await temporaryFolder(), "hook.key");
  await writeFile(file, `${SECRET}\n`, { mode: 0o600 });
  const hook = { url: `${ci.url}/gate`, secretFile: file, timeout: 5_000, retries: 2, ...wish };
  const logged: unknown[] = [];
  const note = (...line: readonly unknown[]): void => void logged.push(line);
  const log = { info: note, warn: note, error: note };
  const calls = new HookCalls({ hooks: { ci: hook }, fileOf: (path) => path, clock, log });
  onTestFinished(() => calls.close());
  return { ci, calls, clock, logged, file };
}

/** What the hook says in the end, when time passes. */
async function answerOf({ calls, clock }: Bed, names = ["ci"]): Promise<HookAnswer> {
  const question = { id: "beforeStep/0/0", point: "beforeStep", names, nextShare: 0.25 } as const;
  let answer = calls.ask(ROLLOUT, question);
  await eventually(async () => {
    await clock.advance(1_000);
    answer = calls.ask(ROLLOUT, question);
    expect(answer.says).not.toBe("waiting");
  });
  return answer;
}

test("HookCalls asks once, with a body that is signed by the secret of the file", async () => {
  const bed = await openBed();
  expect(await answerOf(bed)).toEqual({ question: "beforeStep/0/0", says: "yes", text: "ci" });
  const [asked, ...more] = bed.ci.asked;
  expect([asked?.path, more]).toEqual(["/gate", []]);
  const versions = { service: "web", from: "v1", to: "v2" };
  const wanted = { ...versions, point: "beforeStep", share: 0, nextShare: 0.25 };
  expect(JSON.parse(asked?.body ?? "")).toMatchObject(wanted);
  const signed = `${asked?.headers["x-sluice-time"] as string}.${asked?.body}`;
  const signature = createHmac("sha256", SECRET).update(signed).digest("hex");
  expect(asked?.headers["x-sluice-signature"]).toBe(`sha256=${signature}`);
  expect(JSON.stringify(bed.logged)).not.toContain(SECRET);
});

test("HookCalls takes a refusal for one, and shows what it says on one line", async () => {
  const bed = await openBed();
  bed.ci.answers = [[409, "tests\u001b[31m\nfailed"]];
  expect(await answerOf(bed)).toMatchObject({
    says: "no",
    text: "ci: answered 409 tests [31m failed",
  });
  expect(bed.ci.asked).toHaveLength(1);
});

test("HookCalls tries again what says nothing, as often as it may", async () => {
  const bed = await openBed();
  bed.ci.answers = [
    [503, ""],
    [429, ""],
    [204, ""],
  ];
  expect(await answerOf(bed)).toMatchObject({ says: "yes" });
  expect(bed.ci.asked).toHaveLength(3);
  const failing = await openBed();
  failing.ci.answers = [[302, ""]];
  expect(await answerOf(failing)).toMatchObject({ says: "failed", text: "ci: answered 302" });
  expect(failing.ci.asked.map(({ path }) => path)).toEqual(["/gate", "/gate", "/gate"]);
});

test("HookCalls fails without an answer in time, a secret, or a name that is known", async () => {
  const silent = await openBed({ timeout: 50, retries: 0 });
  silent.ci.answers = [undefined];
  expect((await answerOf(silent)).says).toBe("failed");
  const open = await openBed({ secretFile: "/none", retries: 0 });
  expect((await answerOf(open)).text).toContain("/none");
  expect(open.ci.asked).toEqual([]);
  const unknown = await openBed();
  expect((await answerOf(unknown, ["boss"])).text).toBe("boss: the file does not name it");
});

test.each([
  ["127.0.0.1", /^ci: connect ECONNREFUSED 127\.0\.0\.1:2$/],
  ["localhost", /^ci: .*ECONNREFUSED/],
])("HookCalls says why nobody can be asked at %s", async (host, reason) => {
  const nobody = await openBed({ url: `http://${host}:2/gate`, retries: 0 });
  expect(await answerOf(nobody)).toMatchObject({
    says: "failed",
    text: expect.stringMatching(reason) as string,
  });
});

test("HookCalls tells of an end", async () => {
  const bed = await openBed();
  bed.calls.tellEnd({ ...ROLLOUT, phase: "aborted" });
  await eventually(() => expect(bed.ci.asked).toHaveLength(1));
  expect(JSON.parse(bed.ci.asked[0]?.body ?? "")).toMatchObject({
    point: "afterEnd",
    phase: "aborted",
    share: 0,
  });
});

describe("Hooks of its end are told once", () => {
  const BY = { actor: "ann", reason: "a test" };
  const ASKED = { ...BY, full: true };

  /** A rollout with a hook, and what that is told. */
  async function begun(): Promise<{
    readonly bed: RolloutBed;
    readonly id: string;
    readonly told: (phases: readonly string[]) => Promise<void>;
  }> {
    const ci = await ScriptedHttp.start();
    const secretFile = join(await temporaryFolder(), "hook.key");
    await writeFile(secretFile, SECRET, { mode: 0o600 });
    const hook = { url: ci.url, secretFile, timeout: 5_000, retries: 0 };
    const bed = await RolloutBed.start({ hooks: { ci: hook }, metrics: {} });
    const wish = { service: "web", to: "v2", steps: [50], stepFor: 60_000 };
    const { id } = await bed.rollouts.begin({ ...wish, hooks: { afterEnd: ["ci"] } }, BY);
    await bed.pass(2);
    const told = async (phases: readonly string[]): Promise<void> => {
      await eventually(async () => {
        await bed.pass(2);
        const found = ci.asked.map(({ body }) => (JSON.parse(body) as { phase: string }).phase);
        expect(found).toEqual(phases);
      });
    };
    return { bed, id, told };
  }

  test("of a success by itself, and of an abort", async () => {
    const { bed, told } = await begun();
    await bed.pass(70);
    await told(["successful"]);
    const other = await begun();
    await other.bed.rollouts.act(other.id, "abort", ASKED);
    await other.told(["aborted"]);
  });

  test("of a success and then of its undo, at once or bit by bit", async () => {
    for (const rampMs of [undefined, 5_000]) {
      const { bed, id, told } = await begun();
      await bed.rollouts.act(id, "promote", ASKED);
      await told(["successful"]);
      await bed.rollouts.act(id, "undo", { ...ASKED, rampMs });
      await bed.pass(10);
      await told(["successful", "aborted"]);
    }
  });

  test("of an undo that comes before anybody was told of the success", async () => {
    const { bed, id, told } = await begun();
    await bed.rollouts.act(id, "promote", ASKED);
    await bed.rollouts.act(id, "undo", ASKED);
    await bed.pass(10);
    await told(["aborted"]);
  });
});
