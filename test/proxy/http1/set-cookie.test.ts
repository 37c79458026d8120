import { expect, test } from "vitest";
import { setsCookie } from "../../../proxy/http1/set-cookie.ts";
import { fieldsOf } from "./fields-fixture.ts";

test.each([
  [["Set-Cookie: sid=1"], true],
  [["SET-COOKIE:  sid = 1; Path=/"], true],
  [["Set-Cookie: a=1", "X: y", "Set-Cookie: sid=; Max-Age=0"], true],
  [["Set-Cookie: sid"], false],
  [["Set-Cookie: SID=1"], false],
  [["Set-Cookie: sid2=1", "Set-Cookie: asid=1"], false],
  [["Set-Cookie: a=sid=1"], false],
  [["Cookie: sid=1", "Set-Cookie2: sid=1"], false],
  [[], false],
])("setsCookie() of %j is %j for sid", (lines, isSet) => {
  expect(setsCookie(fieldsOf(...lines).fields, "sid")).toBe(isSet);
});
