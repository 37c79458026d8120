import { describe, expect, test } from "vitest";
import { CliError } from "../../../../control/cli/cli-error.ts";
import { looks } from "../../../../control/cli/top/top-feed.ts";
import type { LookedApi } from "../../../../control/cli/top/top-feed.ts";
import type { Look } from "../../../../control/cli/top/look.ts";
import { lookAt, lookedService } from "./look-fixture.ts";

const STATS = lookAt().stats;

/** Lines of an event. */
function told(kind: string, data: object): readonly string[] {
  return [`event: ${kind}`, `data: ${JSON.stringify(data)}`, ""];
}

/** An API that tells these streams, one after the other; an Error: it cannot be reached then. */
function apiOf(streams: readonly (readonly string[] | Error)[]) {
  const asked: string[] = [];
  const left = [...streams];
  const api: LookedApi = {
    url: "http://127.0.0.1:9180",
    get: async <Answer>(path: string) => {
      asked.push(path);
      const isTable = path === "/v1/services";
      const answer = isTable
        ? { revision: 7, services: [lookedService("shop")] }
        : { rollouts: [] };
      return answer as Answer;
    },
    probe: async <Answer>() => ({ ready: true, reasons: [] }) as Answer,
    async *lines() {
      const stream = left.shift();
      if (stream instanceof Error) throw stream;
      yield* stream ?? [];
    },
  };
  return { api, asked };
}

/** So many looks. */
async function first(api: LookedApi, count: number): Promise<readonly Look[]> {
  const seen: Look[] = [];
  for await (const look of looks(api, new AbortController().signal)) {
    seen.push(look);
    if (seen.length === count) break;
  }
  return seen;
}

describe("looks()", () => {
  test("reads the table once while nothing changes, and again when something has", async () => {
    const stats = told("stats", STATS ?? {});
    const { api, asked } = apiOf([[...stats, ...stats, ...told("health", {}), ...stats]]);
    const seen = await first(api, 3);
    expect(seen.map(({ stats: each, revision }) => [each, revision])).toEqual([
      [STATS, 7],
      [STATS, 7],
      [STATS, 7],
    ]);
    expect(asked.filter((path) => path === "/v1/services")).toHaveLength(2);
  });

  test("goes on when the stream ends, as in an upgrade, and says so meanwhile", async () => {
    const stats = told("stats", STATS ?? {});
    const gone = new CliError("unreachable", "Cannot reach it");
    const { api } = apiOf([stats, gone, stats]);
    expect((await first(api, 3)).map(({ lost }) => lost)).toEqual([
      undefined,
      "Cannot reach it",
      undefined,
    ]);
  });

  test("fails when it cannot begin, or is refused", async () => {
    const gone = new CliError("unreachable", "Cannot reach it");
    await expect(first(apiOf([gone]).api, 1)).rejects.toThrow("Cannot reach it");
    const refused = new CliError("forbidden", "You may not");
    const { api } = apiOf([told("stats", STATS ?? {}), refused]);
    await expect(first(api, 2)).rejects.toThrow("You may not");
  });
});
