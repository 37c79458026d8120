import { expect, test } from "vitest";
import { RequestTarget } from "../../../proxy/http1/request-target.ts";

/** Reads `text` as a target. Gives its parts, or the reason that it is refused for. */
function read(target: RequestTarget, text: string, isOptions = false): readonly string[] | string {
  const head = "GET ";
  const bytes = Buffer.from(`${head}${text} HTTP/1.1\r\n`, "latin1");
  target.clear();
  target.begin(head.length);
  const pathEnd = target.readPath(bytes, 0, head.length, bytes.length);
  target.readQuery(bytes, 0, pathEnd, bytes.length);
  const refusal = target.finish(bytes, 0, isOptions);
  if (refusal !== undefined) return refusal.reason;
  const { authorityStart, authorityHostEnd, authorityEnd, pathStart, end } = target;
  const parts = [
    [authorityStart, authorityHostEnd],
    [authorityStart, authorityEnd],
    [pathStart, target.pathEnd],
    [target.pathEnd, end],
  ] as const;
  return parts.map(([from, to]) => bytes.toString("latin1", from, to));
}

test.each([
  ["/", ["", "", "/", ""]],
  ["/a/b?c=/d?e", ["", "", "/a/b", "?c=/d?e"]],
  ["/%41?%zz", ["", "", "/%41", "?%zz"]],
  ["http://a:1/b?c", ["a", "a:1", "/b", "?c"]],
  ["HTTPS://[::1]?c", ["[::1]", "[::1]", "", "?c"]],
  ["", "target-invalid"],
  ["a", "target-invalid"],
  ["*", "target-invalid"],
  ["/%4", "target-invalid"],
  ["/%00", "target-invalid"],
  ["ftp://a/", "target-invalid"],
  ["http:/a?//b", "target-invalid"],
  ["http:///a", "host-invalid"],
  ["http://u@a/", "host-invalid"],
])("RequestTarget of %j has the parts %j", (text, parts) => {
  expect(read(new RequestTarget(), text)).toEqual(parts);
});

test("RequestTarget of the next request keeps nothing of an absolute one", () => {
  const target = new RequestTarget();
  read(target, "http://a.example:1", true);
  expect(target.asteriskForm).toBe(true);
  expect(read(target, "/b")).toEqual(["", "", "/b", ""]);
  expect([target.asteriskForm, target.authorityHostEnd]).toEqual([false, 0]);
});
