import { expect, test } from "vitest";
import { topLine } from "../../../../control/cli/top/top-line.ts";
import { lookAt, lookedService } from "./look-fixture.ts";

test("topLine() says in one line what a frame says, the busiest service first", () => {
  expect(topLine(lookAt(), "")).toBe(
    "23:12:05 revision 7; shop 186/s errors 0.1 % p99 16 ms (v1 90 % 168/s, v2 10 % 19/s); " +
      "api 0/s errors 0 % p99 - (v1 90 % 0/s, v2 10 % 0/s)",
  );
});

test("topLine() counts the services for which there is no room, and says what is wrong", () => {
  const services = Array.from({ length: 6 }, (_each, at) => lookedService(`s-${at}`));
  const line = topLine(lookAt({ services, problems: ["one", "two"] }), "");
  expect(line).toMatch(/; and 2 more; problem: one$/);
});

test("topLine() says that nothing new comes", () => {
  expect(topLine(lookAt({ lost: "gone" }), "")).toBe("23:12:05 gone");
  expect(topLine(lookAt({ lost: "gone", stats: undefined }), "")).toBe("--:--:-- gone");
});
