import { expect, test } from "vitest";
import { RequestIds } from "../../../proxy/exchange/request-ids.ts";

test("RequestIds.next() never repeats itself, nor what another worker gives", () => {
  const [one, other] = [new RequestIds("a-"), new RequestIds("b-")];
  expect([one.next(), one.next(), other.next()]).toEqual(["a-1", "a-2", "b-1"]);
  const all = Array.from({ length: 5_000 }, () => one.next());
  expect(all[12]).toBe("a-f");
  expect(all[13]).toBe("a-10");
  expect(all.at(-1)).toBe(`a-${(5_002).toString(16)}`);
  expect(new Set(["a-1", "a-2", ...all]).size).toBe(5_002);
});
