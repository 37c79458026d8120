import { expect, test } from "vitest";
import { RequestIds } from "../../../proxy/exchange/request-ids.ts";

test("RequestIds.next() never repeats itself, nor what another worker gives", () => {
  const [one, other] = [new RequestIds("a-"), new RequestIds("b-")];
  expect([one.next(), one.next(), other.next()]).toEqual(["a-1", "a-2", "b-1"]);
});
