import { expect, test } from "vitest";
import { eventsOf, withEvent } from "../../../control/page/told-event.ts";
import type { PageEvent } from "../../../control/page/told-event.ts";

function event(id: number, more: Partial<PageEvent> = {}): PageEvent {
  return {
    id,
    time: `2026-01-01T00:00:${String(id % 60).padStart(2, "0")}Z`,
    kind: "shift",
    ...more,
  };
}

test("withEvent() keeps each event once, in order, and no more than the sidecar does", () => {
  const one = withEvent([], event(1));
  expect(withEvent(one, event(1))).toBe(one);
  let many = one;
  for (let id = 2; id <= 1_005; id += 1) many = withEvent(many, event(id));
  expect(many).toHaveLength(1_000);
  expect([many[0]?.id, many.at(-1)?.id]).toEqual([6, 1_005]);
});

test("eventsOf() gives those of a service, whether it is one or one of many", () => {
  const events = [
    event(1, { services: ["shop"], service: "shop" }),
    event(2, { services: ["shop", "cart"] }),
    event(3, { service: "shop" }),
    event(4, { services: ["cart"] }),
    event(5),
    // A reload's report has another kind of list.
    event(6, { kind: "reload", services: { replaced: ["shop"] } as never }),
  ];
  expect(eventsOf(events, "shop").map(({ id }) => id)).toEqual([1, 2, 3]);
});
