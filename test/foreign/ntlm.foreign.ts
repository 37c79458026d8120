import { expect, onTestFinished, test } from "vitest";
import { runProgram } from "./support/foreign-process.ts";
import { startNode } from "./support/origins.ts";
import { isMissing, program } from "./support/programs.ts";
import { sidecarFor } from "./support/sidecar-for.ts";

/*
 * Goal: an origin that signs in connections instead of requests takes nobody for somebody else.
 * Method: express-ntlm, which believes any password; users of curl one after the other and at once,
 * and a client without credentials in between.
 */

const USERS = ["alice", "bob", "carol", "dave"];
const REQUESTS_EACH = 10;

async function start(): Promise<string> {
  const origin = await startNode("ntlm-origin.cjs");
  onTestFinished(() => origin[Symbol.asyncDispose]());
  return (await sidecarFor([origin.address])).url;
}

/** What a user of curl gets for so many requests on one connection. */
async function ask(url: string, user: string, count: number): Promise<readonly string[]> {
  const options = ["--silent", "--ntlm", "--user", `${user}:secret`, "--write-out", "\\n"];
  const { out } = await runProgram(program("curl"), [...options, ...Array(count).fill(url)]);
  return out.trim().split("\n");
}

test.skipIf(isMissing("curl", "express-ntlm"))(
  "a client without credentials is nobody, after others have signed in",
  async () => {
    const url = await start();
    for (const user of USERS) {
      expect(await ask(url, user, 2)).toEqual([`you are ${user}`, `you are ${user}`]);
      const { out } = await runProgram(program("curl"), [
        "--silent",
        "--output",
        "/dev/null",
        "--write-out",
        "%{http_code}",
        url,
      ]);
      expect(out).toBe("401");
    }
  },
);

test.skipIf(isMissing("curl", "express-ntlm"))(
  "of many requests by four users at once each is answered as its own",
  async () => {
    const url = await start();
    const answers = await Promise.all(USERS.map((user) => ask(url, user, REQUESTS_EACH)));
    expect(answers).toEqual(USERS.map((user) => Array(REQUESTS_EACH).fill(`you are ${user}`)));
  },
);
