import { expect, test } from "vitest";
import type { Rank } from "../../../proxy/table/priority.ts";
import { TurnLine } from "../../../proxy/upstream/turn-line.ts";
import type { TurnUser } from "../../../proxy/upstream/turn-line.ts";

type Waiting = TurnUser & { readonly name: string; shed: boolean };

function waiting(name: string, rank: Rank, sinceMs = 0): Waiting {
  const user = {
    name,
    rank,
    sinceMs,
    shed: false,
    onTurn: () => void called.push(user),
    onShed: () => void (user.shed = true),
  };
  return user;
}

/** Who has had its turn, in order. */
let called: Waiting[] = [];

/** Whose turn it is, one after the other, while there is room for these ranks. */
function served(turns: TurnLine, hasRoom: (rank: Rank) => boolean = () => true): string[] {
  called = [];
  turns.serve(hasRoom);
  return called.map(({ name }) => name);
}

/** Since when the one has waited whose turn is next. undefined: nobody waits. */
function sinceOfNext(turns: TurnLine): number | undefined {
  let room = 1;
  called = [];
  turns.serve(() => room-- > 0);
  return called[0]?.sinceMs;
}

test("TurnLine serves who matters most first, and of equal ones who came first", () => {
  const turns = new TurnLine();
  for (const user of [
    waiting("a", 1),
    waiting("b", 2),
    waiting("c", 0),
    waiting("d", 1),
    waiting("e", 0),
  ]) {
    turns.join(user, 10, 100);
  }
  expect(turns.size).toBe(5);
  expect(served(turns)).toEqual(["c", "e", "a", "d", "b"]);
  expect(turns.size).toBe(0);
});

test("TurnLine lets nobody pass before one that there is no room for", () => {
  const turns = new TurnLine();
  turns.join(waiting("low", 2), 10, 100);
  turns.join(waiting("normal", 1), 10, 100);
  expect(served(turns, (rank) => rank === 2)).toEqual([]);
  expect(served(turns, (rank) => rank === 1)).toEqual(["normal"]);
});

test("TurnLine forgets who has left, and one who never came may leave", () => {
  const turns = new TurnLine();
  const [first, second] = [waiting("a", 1), waiting("b", 1)];
  turns.join(first, 10, 100);
  turns.join(second, 10, 100);
  turns.leave(first);
  turns.leave(waiting("c", 1));
  expect(served(turns)).toEqual(["b"]);
});

test("TurnLine that is full sheds the last of those that matter least, and no equal one", () => {
  const turns = new TurnLine();
  const users = [waiting("low", 2), waiting("last", 2), waiting("normal", 1)];
  for (const user of users) turns.join(user, 10, 100);
  expect(turns.makesRoom(2, 3)).toBe(false);
  expect(turns.makesRoom(2, 4)).toBe(true);
  expect(turns.makesRoom(1, 3)).toBe(true);
  expect(users.map(({ shed }) => shed)).toEqual([false, true, false]);
  turns.join(waiting("new", 1), 10, 100);
  expect([turns.makesRoom(0, 3), users[0]?.shed]).toEqual([true, true]);
  expect(served(turns)).toEqual(["normal", "new"]);
});

test("TurnLine serves a long line of those who are done at once, in order", () => {
  const turns = new TurnLine();
  const order: number[] = [];
  let room = 1;
  const serve = (): void => turns.serve(() => room-- > 0);
  const users = Array.from({ length: 50_000 }, (_, at) => ({
    ...waiting("", 1),
    onTurn: () => {
      order.push(at);
      room = 1;
      serve();
    },
  }));
  for (const user of users) turns.join(user, users.length, 100);
  serve();
  expect([order.length, turns.size]).toEqual([users.length, 0]);
  expect(order).toEqual(order.toSorted((one, other) => one - other));
});

/** The line of a version that is never empty while one comes each `everyMs`, for some seconds. */
function standing(everyMs: number, servesEveryMs: number): readonly number[] {
  const turns = new TurnLine();
  const waits: number[] = [];
  for (let nowMs = 0; nowMs < 5_000; nowMs += 1) {
    if (nowMs % everyMs === 0) turns.join(waiting(`${nowMs}`, 1, nowMs), 1_000, 100);
    if (nowMs % servesEveryMs > 0) continue;
    const sinceMs = sinceOfNext(turns);
    if (sinceMs !== undefined) waits.push(nowMs - sinceMs);
  }
  return waits;
}

test("TurnLine where too many come serves the newest, and all that it can", () => {
  const waits = standing(1, 3);
  expect(waits.length).toBe(Math.ceil(5_000 / 3));
  const later = waits.slice(100);
  expect(Math.max(...later)).toBeLessThan(10);
});

/** Three times as much as is served, with a gap of 40 ms in each second, for some seconds. */
function withGaps(perMs: number): readonly number[] {
  const turns = new TurnLine();
  const waits: number[] = [];
  for (let nowMs = 0; nowMs < 10_000; nowMs += 1) {
    const isGap = nowMs % 1_000 > 960;
    for (let count = 0; count < (isGap ? 0 : perMs); count += 1) {
      turns.join(waiting(`${nowMs}`, 1, nowMs), 1_000, 100);
    }
    const sinceMs = sinceOfNext(turns);
    if (sinceMs !== undefined) waits.push(nowMs - sinceMs);
  }
  return waits;
}

test("TurnLine stays in an overload whose line a gap has emptied", () => {
  const later = withGaps(3).slice(1_000);
  expect(Math.max(...later)).toBeLessThan(35);
});

test("TurnLine forgets an overload when its line has not stood for long again", () => {
  const turns = new TurnLine();
  const shed = (fromMs: number): number => {
    // A burst that would be served within 50 ms.
    const users = Array.from({ length: 51 }, (_, at) => waiting("", 1, fromMs + at));
    for (const user of users) turns.join(user, 1_000, 100);
    served(turns);
    return users.filter((user) => user.shed).length;
  };
  expect(shed(0)).toBe(0);
  for (let nowMs = 1_000; nowMs <= 1_200; nowMs += 1) turns.join(waiting("", 1, nowMs), 1_000, 100);
  served(turns);
  const bursts = [1_300, 1_900, 2_500].map(shed);
  expect(bursts).toEqual([41, 41, 0]);
});

test("TurnLine where little more comes than is served loses no turn by shedding", () => {
  expect(standing(19, 20).length).toBe(5_000 / 20);
});

test("TurnLine tells the others soon, each rank by itself, and ends with an empty line", () => {
  const turns = new TurnLine();
  const high = waiting("high", 0, 0);
  turns.join(high, 10, 100);
  const [old, newer] = [waiting("old", 1, 0), waiting("newer", 1, 95)];
  for (const user of [old, newer]) turns.join(user, 10, 100);
  turns.join(waiting("newest", 1, 100), 10, 100);
  expect([old.shed, newer.shed, high.shed]).toEqual([true, false, false]);
  expect(served(turns)).toEqual(["high", "newest", "newer"]);
  for (const name of ["first", "second"]) turns.join(waiting(name, 1, 200), 10, 100);
  expect(served(turns)).toEqual(["first", "second"]);
});

test("TurnLine that is full gives the place of the oldest to a newer one in an overload", () => {
  const turns = new TurnLine();
  const old = waiting("old", 1, 0);
  const users = [old, waiting("b", 1, 99), waiting("c", 1, 100), waiting("d", 1, 101)];
  for (const user of users) turns.join(user, 10, 100);
  expect(turns.size).toBe(3);
  expect([turns.makesRoom(2, 3), turns.makesRoom(1, 3)]).toEqual([false, true]);
  expect(served(turns)).toEqual(["d", "c"]);
});
