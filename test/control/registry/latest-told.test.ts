import { expect, test } from "vitest";
import { LatestTold } from "../../../control/registry/latest-told.ts";
import { jsonLog } from "../../../proxy/base/log.ts";
import { systemClock } from "../../../proxy/base/clock.ts";
import { seededRandom } from "../../../proxy/base/random.ts";
import { eventually } from "../../support/eventually.ts";

/** What is told to somebody who takes one at a time, when the test lets them. */
function bed() {
  const lines: string[] = [];
  const log = jsonLog(
    (line) => lines.push(line),
    () => 0,
  );
  const asked: string[] = [];
  let answer = Promise.withResolvers<void>();
  const told = new LatestTold<string>(
    { clock: systemClock, random: seededRandom(1), log },
    "news",
    async (value) => {
      asked.push(value);
      await answer.promise;
    },
  );
  const go = (result?: Error): void => {
    const { resolve, reject } = answer;
    answer = Promise.withResolvers();
    if (result === undefined) resolve();
    else reject(result);
  };
  return { told, asked, lines, go };
}

test("LatestTold tells one at a time, and leaves out what a later one replaces", async () => {
  const { told, asked, go } = bed();
  for (const value of ["a", "b", "c"]) told.tell(value);
  expect(asked).toEqual(["a"]);
  go();
  await eventually(() => expect(asked).toEqual(["a", "c"]));
  go();
  await told.close();
  expect(asked).toEqual(["a", "c"]);
});

test("LatestTold tells again what was not taken, and says why", async () => {
  const { told, asked, go, lines } = bed();
  told.tell("a");
  go(new Error("Worker 7 does not answer"));
  await eventually(() => expect(told.problem).toBe("Worker 7 does not answer"));
  expect(lines.join()).toContain('"event":"connect.untold","what":"news"');
  await eventually(() => expect(asked).toEqual(["a", "a"]));
  go();
  await eventually(() => expect(told.problem).toBeUndefined());
  told.tell("b");
  await eventually(() => expect(asked).toEqual(["a", "a", "b"]));
  go(new Error("gone"));
  await told.close();
});
