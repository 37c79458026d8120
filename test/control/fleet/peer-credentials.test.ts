import { chmod, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PeerCredentials } from "../../../control/fleet/peer-credentials.ts";
import type { PeerFiles } from "../../../control/fleet/peer-credentials.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const NO_FILES: PeerFiles = {
  tokenFile: undefined,
  ca: undefined,
  cert: undefined,
  key: undefined,
};

async function fileOf(text: string, mode = 0o600): Promise<string> {
  const path = join(await temporaryFolder(), "file");
  await writeFile(path, text);
  await chmod(path, mode);
  return path;
}

test("PeerCredentials reads what there is, and the token without the space around it", async () => {
  const files = { tokenFile: await fileOf("one\n"), ca: await fileOf("PEM\n", 0o644) };
  const credentials = new PeerCredentials({ ...NO_FILES, ...files }, new ManualClock());
  expect(await credentials.now()).toEqual({
    token: "one",
    ca: "PEM\n",
    cert: undefined,
    key: undefined,
  });
});

test("PeerCredentials reads again after 5 s, keeping the object until it differs", async () => {
  const clock = new ManualClock();
  const tokenFile = await fileOf("one");
  const credentials = new PeerCredentials({ ...NO_FILES, tokenFile }, clock);
  const first = await credentials.now();
  await clock.advance(5_001);
  expect(await credentials.now()).toBe(first);
  await writeFile(tokenFile, "two");
  expect(await credentials.now()).toBe(first);
  await clock.advance(5_001);
  expect(await credentials.now()).toMatchObject({ token: "two" });
});

test("PeerCredentials says for 5 s what is wrong with a file, and then looks again", async () => {
  const clock = new ManualClock();
  const tokenFile = await fileOf("one");
  await rm(tokenFile);
  const credentials = new PeerCredentials({ ...NO_FILES, tokenFile }, clock);
  const wrong = `consul.fleet.tokenFile: wanted a readable file ${tokenFile}, found none`;
  await expect(credentials.now()).rejects.toThrow(wrong);
  await writeFile(tokenFile, "one", { mode: 0o600 });
  await expect(credentials.now()).rejects.toThrow(wrong);
  await clock.advance(5_001);
  expect(await credentials.now()).toMatchObject({ token: "one" });
});

test.each(["tokenFile", "key"] as const)(
  "PeerCredentials takes no %s that others can read",
  async (name) => {
    const files = { ...NO_FILES, [name]: await fileOf("one", 0o640) };
    const asked = new PeerCredentials(files, new ManualClock()).now();
    await expect(asked).rejects.toThrow("found mode 0640");
  },
);
