import { expect, test } from "vitest";
import { follow } from "../../../control/page/follow.ts";
import type { SseEvent } from "../../../control/page/sse-reader.ts";

/** Follows streams of these texts, one after the other, until there is none left. */
async function followed(
  texts: readonly (string | number)[],
  isHeld: () => boolean = () => false,
): Promise<{
  readonly events: readonly SseEvent[];
  readonly resumed: readonly unknown[];
  readonly live: readonly boolean[];
  readonly slept: readonly number[];
  readonly refusals: number;
}> {
  const [events, resumed, live, slept] = [[], [], [], []] as [
    SseEvent[],
    unknown[],
    boolean[],
    number[],
  ];
  let refusals = 0;
  const left = [...texts];
  const ended = new AbortController();
  await follow(
    {
      fetch: async (_path, { headers }) => {
        resumed.push((headers as Record<string, string>)["last-event-id"]);
        const text = left.shift();
        if (left.length === 0) ended.abort();
        return typeof text === "number" ? new Response("", { status: text }) : new Response(text);
      },
      token: () => "",
      onUnauthenticated: () => (refusals += 1),
      onEvent: (event) => events.push(event),
      isHeld,
      onLive: (each) => live.push(each),
      sleep: async (forMs) => slept.push(forMs),
    },
    ended.signal,
  );
  return { events, resumed, live, slept, refusals };
}

test("follow() resumes after the last event that had an id", async () => {
  const { events, resumed, live } = await followed([
    "id: e.4\nevent: shift\ndata: 1\n\nevent: stats\ndata: 2\n\n",
    "id: e.5\nevent: shift\ndata: 3\n\n",
  ]);
  expect(events.map(({ data }) => data)).toEqual(["1", "2", "3"]);
  expect(resumed).toEqual(["0", "e.4"]);
  expect(live).toEqual([true, false, true]);
});

test("follow() waits longer each time that nothing comes, and then not so long again", async () => {
  const nothing = Array.from({ length: 6 }, () => 503);
  const { slept, live } = await followed([...nothing, "data: 1\n\n", 503, ""]);
  expect(slept).toEqual([500, 1_000, 2_000, 4_000, 8_000, 8_000, 500, 1_000]);
  expect(live.slice(0, 7)).toEqual([false, false, false, false, false, false, true]);
});

test("follow() says when another token is wanted", async () => {
  expect((await followed([401, ""])).refusals).toBe(1);
});

test("follow() asks nobody while a token is wanted", async () => {
  let looks = 0;
  const { slept, resumed } = await followed(["data: 1\n\n", ""], () => (looks += 1) < 4);
  expect(slept).toEqual([500, 500, 500, 500]);
  expect(resumed).toEqual(["0", "0"]);
});
