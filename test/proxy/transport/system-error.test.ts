import { connect } from "node:net";
import { once } from "node:events";
import { expect, test } from "vitest";
import { systemError } from "../../../proxy/transport/system-error.ts";

test("systemError() tells of an error what Node itself does", async () => {
  const socket = connect({ path: "/nowhere/socket" });
  const [theirs] = (await once(socket, "error").catch((error: unknown) => [error])) as [
    NodeJS.ErrnoException,
  ];
  const ours: NodeJS.ErrnoException = systemError(theirs.errno ?? 0, "connect");
  expect(ours).toBeInstanceOf(Error);
  expect([ours.code, ours.errno, ours.syscall]).toEqual(["ENOENT", theirs.errno, theirs.syscall]);
  expect(theirs.message.startsWith(ours.message)).toBe(true);
});
