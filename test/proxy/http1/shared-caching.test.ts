import { expect, test } from "vitest";
import { isForSharedCaches } from "../../../proxy/http1/shared-caching.ts";
import { responseHeadOf } from "./fields-fixture.ts";

const NOW_MS = Date.UTC(2026, 10, 29);

test.each([
  [[], false],
  [['ETag: "x"', "Last-Modified: Tue, 15 Nov 1994 08:12:31 GMT"], false],
  [["Cache-Control: public"], true],
  [["Cache-Control: max-age=60"], true],
  [['Cache-Control: MAX-AGE="60", Must-Revalidate'], true],
  [["Cache-Control: s-maxage=60, max-age=0"], true],
  [["Cache-Control: no-cache", "Cache-Control: public"], true],
  [["Cache-Control: max-age=0, must-revalidate"], false],
  [["Cache-Control: s-maxage=0, max-age=60"], false],
  [["Cache-Control: no-cache"], false],
  [["Cache-Control: private, max-age=60"], false],
  [['Cache-Control: private="X-A", max-age=60'], false],
  [["Cache-Control: no-store, public"], false],
  [["Cache-Control: publicity"], false],
  [["Cache-Control: max-age=ten"], false],
  [["Cache-Control: private", "CDN-Cache-Control: max-age=60"], true],
  [["Cache-Control: private", "Surrogate-Control: max-age=60"], true],
  [["Cache-Control: max-age=60", "CDN-Cache-Control: no-store"], false],
  [["Expires: Wed, 29 Nov 2028 00:00:00 GMT"], true],
  [["Expires: Thu, 19 Nov 1981 08:52:00 GMT"], false],
  [["Expires: 0"], false],
  [["Expires: Wed, 29 Nov 2028 00:00:00 GMT", "Cache-Control: no-cache"], false],
])("isForSharedCaches() of %j is %j", (lines, isFor) => {
  expect(isForSharedCaches(responseHeadOf("HTTP/1.1 200 OK", ...lines), NOW_MS)).toBe(isFor);
});
