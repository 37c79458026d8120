import { expect, test } from "vitest";
import { readHttpUrl } from "../../../control/config/http-url.ts";

test.each([
  ["http://a:80/x?y#z", "http://a/x?y#z"],
  ["https://[::1]:8500", "https://[::1]:8500/"],
  ["http://user@a", undefined],
  ["http://:secret@a", undefined],
  ["unix:///a", undefined],
  ["a:80", undefined],
  ["", undefined],
])("readHttpUrl() of %j is %j", (text, href) => {
  expect(readHttpUrl(text)?.href).toBe(href);
});
