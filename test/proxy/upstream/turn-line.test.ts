import { expect, test } from "vitest";
import type { Rank } from "../../../proxy/table/priority.ts";
import { TurnLine } from "../../../proxy/upstream/turn-line.ts";
import type { TurnUser } from "../../../proxy/upstream/turn-line.ts";

type Waiting = TurnUser & { readonly name: string; shed: boolean };

function waiting(name: string, rank: Rank): Waiting {
  const user = {
    name,
    rank,
    shed: false,
    onTurn: () => undefined,
    onShed: () => void (user.shed = true),
  };
  return user;
}

/** Whose turn it is, one after the other, while there is room for these ranks. */
function served(turns: TurnLine, hasRoom: (rank: Rank) => boolean = () => true): string[] {
  const names: string[] = [];
  for (let next = turns.next(hasRoom); next !== undefined; next = turns.next(hasRoom)) {
    names.push((next as Waiting).name);
  }
  return names;
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
    turns.join(user, 10);
  }
  expect(turns.size).toBe(5);
  expect(served(turns)).toEqual(["c", "e", "a", "d", "b"]);
  expect(turns.size).toBe(0);
});

test("TurnLine lets nobody pass before one that there is no room for", () => {
  const turns = new TurnLine();
  turns.join(waiting("low", 2), 10);
  turns.join(waiting("normal", 1), 10);
  expect(served(turns, (rank) => rank === 2)).toEqual([]);
  expect(served(turns, (rank) => rank === 1)).toEqual(["normal"]);
});

test("TurnLine forgets who has left, and one who never came may leave", () => {
  const turns = new TurnLine();
  const [first, second] = [waiting("a", 1), waiting("b", 1)];
  turns.join(first, 10);
  turns.join(second, 10);
  turns.leave(first);
  turns.leave(waiting("c", 1));
  expect(served(turns)).toEqual(["b"]);
});

test("TurnLine that is full sheds the last of those that matter least, and no equal one", () => {
  const turns = new TurnLine();
  const users = [waiting("low", 2), waiting("last", 2), waiting("normal", 1)];
  for (const user of users) turns.join(user, 10);
  expect(turns.makesRoom(2, 3)).toBe(false);
  expect(turns.makesRoom(2, 4)).toBe(true);
  expect(turns.makesRoom(1, 3)).toBe(true);
  expect(users.map(({ shed }) => shed)).toEqual([false, true, false]);
  turns.join(waiting("new", 1), 10);
  expect([turns.makesRoom(0, 3), users[0]?.shed]).toEqual([true, true]);
  expect(served(turns)).toEqual(["normal", "new"]);
});
