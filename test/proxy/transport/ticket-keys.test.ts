import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { TicketKeys } from "../../../proxy/transport/ticket-keys.ts";

type Callback = (name: Buffer, iv: Buffer, isNew: boolean) => readonly unknown[];

/** A context of Node's, as far as tickets go. */
class FakeContext {
  onticketkeycallback: Callback | undefined;
  enabled = 0;
  readonly enableTicketKeyCallback = (): void => void (this.enabled += 1);
}

const IV = Buffer.alloc(16);
const ZERO = Buffer.alloc(16);

/** The callback of a context that these keys serve. */
function served(keys: TicketKeys): Callback {
  const context = new FakeContext();
  keys.serve({ context });
  expect(context.enabled).toBe(1);
  return context.onticketkeycallback as Callback;
}

function keysOf(...keys: readonly Buffer[]): TicketKeys {
  const own = new TicketKeys();
  own.replace(keys.map((key) => key.toString("base64")));
  return own;
}

const [newest, older, unknown] = [randomBytes(48), randomBytes(48), randomBytes(48)];
const part = (key: Buffer, at: number): Buffer => key.subarray(16 * at, 16 * at + 16);

test("TicketKeys seals with the newest, and another vector each time", () => {
  const seal = served(keysOf(newest, older));
  const [first, second] = [seal(ZERO, IV, true), seal(ZERO, IV, true)];
  expect(first.slice(0, 4)).toEqual([1, part(newest, 1), part(newest, 2), part(newest, 0)]);
  expect(first[4]).toHaveLength(16);
  expect(first[4]).not.toEqual(second[4]);
});

test("TicketKeys opens with all, has old ones renewed, and refuses what it does not know", () => {
  const open = served(keysOf(newest, older));
  const opened = (key: Buffer): readonly unknown[] => open(part(key, 0), IV, false).slice(0, 4);
  expect(opened(newest)).toEqual([1, part(newest, 1), part(newest, 2), part(newest, 0)]);
  expect(opened(older)).toEqual([2, part(older, 1), part(older, 2), part(older, 0)]);
  // All five parts, even so: Node ends the process otherwise.
  expect(open(part(unknown, 0), IV, false)).toEqual([0, ZERO, ZERO, ZERO, ZERO]);
});

test("TicketKeys takes over new keys for contexts that it serves already", () => {
  const keys = keysOf(older);
  const seal = served(keys);
  keys.replace([newest.toString("base64"), older.toString("base64")]);
  expect(seal(ZERO, IV, true)[3]).toEqual(part(newest, 0));
  keys.replace([]);
  expect(seal(ZERO, IV, true)[3]).toEqual(part(newest, 0));
});

test("TicketKeys makes one of its own where it was given none", () => {
  const keys = new TicketKeys();
  const [one, other] = [served(keys), served(keys)];
  const [, , , name] = one(ZERO, IV, true);
  expect(other(name as Buffer, IV, false)[0]).toBe(1);
  expect(served(new TicketKeys())(name as Buffer, IV, false)[0]).toBe(0);
});

test("TicketKeys leaves a context alone that cannot be told keys", () => {
  const context = {};
  new TicketKeys().serve({ context });
  expect(context).toEqual({});
});

test("TicketKeys refuses a key of another length, and does not quote it", () => {
  expect(() => keysOf(newest, Buffer.alloc(47))).toThrow(
    new Error("Cannot use ticket key: wanted 48 bytes, found 47"),
  );
});
