import { expect, test } from "vitest";
import { parseHosts } from "../../../control/names/hosts-file.ts";

test("parseHosts() gives every address of a name, in the file's order and each once", () => {
  const hosts = parseHosts(
    [
      "# 10.9.9.9 commented",
      "127.0.0.1\tlocalhost  Web.Internal web # 10.0.0.9 not-a-name",
      "",
      "10.0.0.5 web",
      "::1 localhost ip6-localhost",
      "10.0.0.5 web",
      "fe80::1%lo0 localhost",
      "not-an-address web",
      "10.0.0.6 constructor __proto__",
    ].join("\r\n"),
  );
  expect(Object.fromEntries(hosts)).toEqual({
    localhost: ["127.0.0.1", "::1"],
    "web.internal": ["127.0.0.1"],
    web: ["127.0.0.1", "10.0.0.5"],
    "ip6-localhost": ["::1"],
    constructor: ["10.0.0.6"],
    ["__proto__"]: ["10.0.0.6"],
  });
});

test("parseHosts() of an empty file knows no name", () => {
  expect(parseHosts("").size).toBe(0);
});
