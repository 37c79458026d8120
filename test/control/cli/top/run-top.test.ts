import { describe, expect, test } from "vitest";
import { runTop } from "../../../../control/cli/top/run-top.ts";
import type { TopOptions } from "../../../../control/cli/top/run-top.ts";
import { eventually } from "../../../support/eventually.ts";
import { FakeTerminal } from "../../../support/fake-terminal.ts";
import { lookAt, lookedService } from "./look-fixture.ts";

/** An API that tells a look and then waits; what was sent to it. `refuse`: every write. */
function apiOf(refuse = false) {
  const sent: string[] = [];
  const api: TopOptions["api"] = {
    url: "http://127.0.0.1:9180",
    get: async <Answer>(path: string) => {
      const isTable = path === "/v1/services";
      const answer = isTable
        ? { revision: 7, services: [lookedService("shop")] }
        : { rollouts: [] };
      return { revision: 7, ...answer } as Answer;
    },
    probe: async <Answer>() => ({ ready: true, reasons: [] }) as Answer,
    send: async <Answer>(method: string, path: string) => {
      sent.push(`${method} ${path}`);
      if (refuse) throw new Error("You may not");
      return {} as Answer;
    },
    async *lines(_path, { endsBy }) {
      for (const windowMs of [0, 10_000]) {
        yield "event: stats";
        yield `data: ${JSON.stringify({ ...lookAt().stats, windowMs })}`;
      }
      await new Promise((resolve) => endsBy?.addEventListener("abort", resolve));
    },
  };
  return { api, sent };
}

/** A run on a terminal of its own. */
function open(refuse = false) {
  const terminal = new FakeTerminal();
  const { api, sent } = apiOf(refuse);
  const errors: string[] = [];
  const output = { out: () => undefined, error: (line: string) => errors.push(line), terminal };
  const { signal: ended } = new AbortController();
  const over = runTop({ api, output, find: "", count: undefined, json: false, ended });
  const shows = (wanted: RegExp): Promise<void> =>
    eventually(() => expect(terminal.lines.join("\n")).toMatch(wanted));
  return { terminal, sent, over, shows };
}

describe("runTop()", () => {
  test("draws, does what was confirmed, and gives the terminal back", async () => {
    const { terminal, sent, over, shows } = open();
    await shows(/^ {2}v2 +ready/m);
    terminal.type("jd");
    await shows(/^drain shop\/v2: no new sessions[^]*^y: do it/m);
    expect(sent).toEqual([]);
    terminal.type("y");
    await shows(/^shop\/v2 drains$/m);
    expect(sent).toEqual(["PUT /v1/services/shop/versions/v2/state"]);
    terminal.type("q");
    await over;
    expect([terminal.listens, terminal.lines.join("")]).toEqual([false, ""]);
  });

  test("says what was refused, and goes on", async () => {
    const { terminal, over, shows } = open(true);
    await shows(/^ {2}v2 +ready/m);
    terminal.type("dy");
    await shows(/^y: do it/m);
    terminal.type("y");
    await shows(/^You may not$/m);
    terminal.type("\u0003");
    await over;
  });

  test("draws anew when the terminal has become smaller", async () => {
    const { terminal, over, shows } = open();
    await shows(/^ {2}v2 +ready/m);
    terminal.written = "";
    terminal.resize(40, 8);
    expect(terminal.lines.filter((line) => line.startsWith("SERVICE"))).toHaveLength(1);
    expect(terminal.lines.join("\n")).not.toContain("WEIGHT");
    terminal.type("q");
    await over;
  });

  test("writes looks as JSON, as many as were asked for", async () => {
    const lines: string[] = [];
    const output = { out: (line: string) => lines.push(line), error: () => undefined };
    const { signal: ended } = new AbortController();
    await runTop({ api: apiOf().api, output, find: "", count: 1, json: true, ended });
    // The first look knows no rate yet.
    const stats = { windowMs: 10_000 };
    expect(JSON.parse(lines.join(""))).toMatchObject({ revision: 7, isReady: true, stats });
  });
});
