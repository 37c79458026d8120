import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import {
  descriptorOf,
  firstReservedDescriptor,
} from "../../../proxy/clients/descriptor-reserve.ts";
import { acceptHandles } from "../../../proxy/transport/stream-handles.ts";
import { dial } from "../transport/transport-fixture.ts";

const line = (soft: string): string =>
  `Limit                     Soft Limit           Hard Limit           Units
Max processes             100                  100                  processes
Max open files            ${soft}                 524288               files
`;

test.each([
  ["90", 78],
  ["1024", 896],
  ["1048576", 1_048_320],
  ["unlimited", Infinity],
])("firstReservedDescriptor() of %s is %d", (soft, first) => {
  expect(firstReservedDescriptor(line(soft))).toBe(first);
});

test("firstReservedDescriptor() of limits that nobody knows is none", () => {
  expect(firstReservedDescriptor("")).toBe(Infinity);
});

test("descriptorOf() knows the descriptor of what a listener has accepted", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const accepted = Promise.withResolvers<number>();
  acceptHandles(server, (handle) => {
    accepted.resolve(descriptorOf(handle));
    handle.close();
  });
  await dial((server.address() as AddressInfo).port);
  expect(await accepted.promise).toBeGreaterThan(2);
});
