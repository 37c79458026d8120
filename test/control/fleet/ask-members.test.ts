import { expect, test } from "vitest";
import { askMembers } from "../../../control/fleet/ask-members.ts";

const QUESTION = {
  path: "/v1/all",
  withinMs: 60_000,
  what: "names",
  read: (answer: unknown) => {
    return typeof answer === "string" ? { sidecar: answer, name: answer } : undefined;
  },
};

const member = (sidecar: string, api = `https://${sidecar}.test`) => {
  return { sidecar, api, revision: 1, host: "there" };
};

test("askMembers() gives what was answered, and says who is missing, and why", async () => {
  const get = async ({ origin }: { readonly origin: string }): Promise<unknown> => {
    const name = origin.slice(8, -5);
    if (name === "down") throw new Error("connect ECONNREFUSED");
    return name === "odd" ? 7 : name.replace("other", "good");
  };
  const members = ["good", "down", "odd", "other"].map((name) => member(name));
  const silent = member("socket", "unix:/run/api.sock");
  const asked = await askMembers({ peers: { get }, host: "here" }, [...members, silent], QUESTION);
  expect(asked.answers).toEqual([{ sidecar: "good", name: "good" }]);
  expect(asked.missing.map(({ sidecar, reason }) => `${sidecar}: ${reason}`)).toEqual([
    "down: connect ECONNREFUSED",
    "odd: its answer holds no names",
    'other: at its address answers "good"',
    expect.stringMatching(/^socket: its API is a Unix socket/),
  ]);
});
