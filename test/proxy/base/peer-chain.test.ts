import { expect, test } from "vitest";
import {
  CHAIN_BYTES_MAX,
  CHAIN_CERTIFICATES_MAX,
  isChainTooLong,
  sentChain,
} from "../../../proxy/base/peer-chain.ts";

const SMALL = Buffer.alloc(300);

test.each([
  ["nothing", [], false],
  ["as many as we take", Array.from({ length: CHAIN_CERTIFICATES_MAX }, () => SMALL), false],
  ["one more", Array.from({ length: CHAIN_CERTIFICATES_MAX + 1 }, () => SMALL), true],
  ["as many bytes as we take", [SMALL, Buffer.alloc(CHAIN_BYTES_MAX - SMALL.length)], false],
  ["a byte more", [SMALL, Buffer.alloc(CHAIN_BYTES_MAX - SMALL.length + 1)], true],
])("isChainTooLong() of %s is %#", (_name, chain, isTooLong) => {
  expect(isChainTooLong(chain)).toBe(isTooLong);
});

test("isChainTooLong() asks for no more certificates than it takes to know", () => {
  let asked = 0;
  const endless = {
    *[Symbol.iterator](): Generator<Buffer> {
      while (true) {
        asked += 1;
        yield SMALL;
      }
    },
  };
  expect(isChainTooLong(endless)).toBe(true);
  expect(asked).toBe(CHAIN_CERTIFICATES_MAX + 1);
});

test("sentChain() of nobody is empty", () => {
  expect([...sentChain(undefined)]).toEqual([]);
});
