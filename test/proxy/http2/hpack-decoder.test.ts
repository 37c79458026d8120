import { describe, expect, test } from "vitest";
import { HeaderList } from "../../../proxy/http2/header-list.ts";
import { HpackDecoder } from "../../../proxy/http2/hpack-decoder.ts";

/** A decoder with a list, and what it makes of blocks in hexadecimal. */
function decoding(bytesMax = 65_536, fieldsMax = 100) {
  const decoder = new HpackDecoder();
  const list = new HeaderList(bytesMax, fieldsMax);
  const decode = (hex: string): string => {
    const bytes = Buffer.from(hex.replaceAll(/\s/g, ""), "hex");
    const fault = decoder.decode(bytes, 0, bytes.length, list);
    return fault?.reason ?? list.lines.replaceAll("\r\n", "\n");
  };
  return { decoder, list, decode };
}

const REQUEST_1 = ":method: GET\n:scheme: http\n:path: /\n:authority: www.example.com\n";
const REQUEST_2 = `${REQUEST_1}cache-control: no-cache\n`;
const REQUEST_3 =
  ":method: GET\n:scheme: https\n:path: /index.html\n:authority: www.example.com\n" +
  "custom-key: custom-value\n";

/** RFC 7541, appendix C.2 to C.4: blocks of one connection, and what they say. */
const CASES: Readonly<Record<string, readonly (readonly [hex: string, lines: string])[]>> = {
  "C.2.1": [
    [
      "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572",
      "custom-key: custom-header\n",
    ],
  ],
  "C.2.2": [["040c 2f73 616d 706c 652f 7061 7468", ":path: /sample/path\n"]],
  "C.2.3": [["1008 7061 7373 776f 7264 0673 6563 7265 74", "password: secret\n"]],
  "C.2.4": [["82", ":method: GET\n"]],
  "C.3": [
    ["8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d", REQUEST_1],
    ["8286 84be 5808 6e6f 2d63 6163 6865", REQUEST_2],
    ["8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65", REQUEST_3],
  ],
  "C.4": [
    ["8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff", REQUEST_1],
    ["8286 84be 5886 a8eb 1064 9cbf", REQUEST_2],
    ["8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf", REQUEST_3],
  ],
};

const RESPONSE_1 =
  ":status: 302\ncache-control: private\ndate: Mon, 21 Oct 2013 20:13:21 GMT\n" +
  "location: https://www.example.com\n";
const RESPONSE_2 = RESPONSE_1.replace("302", "307");
const RESPONSE_3 =
  ":status: 200\ncache-control: private\ndate: Mon, 21 Oct 2013 20:13:22 GMT\n" +
  "location: https://www.example.com\ncontent-encoding: gzip\n" +
  "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1\n";

describe("HpackDecoder reads the examples of RFC 7541 appendix", () => {
  test.each(Object.entries(CASES))("%s", (_, blocks) => {
    const { decode } = decoding();
    for (const [hex, lines] of blocks) expect(decode(hex)).toBe(lines);
  });

  // Their table has 256 bytes, which a size update says first here.
  test("C.5, with a table that evicts", () => {
    const { decode, decoder } = decoding();
    const first =
      "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a" +
      "3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d";
    expect(decode(`3fe1 01 ${first}`)).toBe(RESPONSE_1);
    expect(decode("4803 3330 37c1 c0bf")).toBe(RESPONSE_2);
    const third =
      "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04" +
      "677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49" +
      "553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31";
    expect(decode(third)).toBe(RESPONSE_3);
    expect(decoder.toState().fields.map(([name]) => name)).toEqual([
      "date",
      "content-encoding",
      "set-cookie",
    ]);
  });

  test("C.6, with a table that evicts, and Huffman codes", () => {
    const { decode } = decoding();
    const first =
      "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e" +
      "919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3";
    expect(decode(`3fe1 01 ${first}`)).toBe(RESPONSE_1);
    expect(decode("4883 640e ffc1 c0bf")).toBe(RESPONSE_2);
    const third =
      "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7" +
      "821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed" +
      "4ee5 b106 3d50 07";
    expect(decode(third)).toBe(RESPONSE_3);
  });
});

test.each([
  ["2.3.3, an index that neither table has", "c6"],
  ["6.1, the index 0", "80"],
  ["6.2, a name's index that neither table has", "7f 07 01 61"],
  ["4.2, a size update behind a field", "82 3f e1 1f"],
  ["4.2, a size above the one that we have said", "3f e2 1f"],
  ["4.2, a third size update", "20 20 20 82"],
  ["5.1, an integer that never ends", "ff 80 80 80 80 80 80 80 80 01"],
  ["5.1, an integer that is not whole", "7f"],
  ["5.2, a string longer than its block", "40 0a 61 01 62"],
  ["5.2, a string without a length", "40"],
  ["5.2, a name without a value", "40 01 61"],
  ["5.2, padding of 8 bits", "40 01 61 82 1f ff"],
  ["5.2, padding with a zero", "40 01 61 81 18"],
  ["5.2, the code of the end", "40 01 61 84 ff ff ff ff"],
])("HpackDecoder refuses what breaks RFC 7541 section %s", (_, hex) => {
  expect(decoding().decode(hex)).toBe("h2-block-invalid");
});

test("HpackDecoder.decode() takes two size updates, and keeps to the last", () => {
  const { decode, decoder } = decoding();
  decode("40 01 61 01 62");
  expect(decode("20 3f e1 1f 82")).toBe(":method: GET\n");
  expect(decoder.toState()).toEqual({ bytesMax: 4096, fields: [] });
});

test("HpackDecoder.decode() keeps the table right when its list is full", () => {
  const { decode, list } = decoding(80, 100);
  expect(decode("40 01 61 01 62 40 01 63 01 64 40 01 65 01 66")).toBe("a: b\nc: d\n");
  expect(list.tooLarge).toBe(true);
  expect(decode("be")).toBe("e: f\n");
  expect(list.tooLarge).toBe(false);
});

test("HpackDecoder.decode() ends with a list that is made of nothing but references", () => {
  const { decode, list } = decoding(1024, 100);
  const large = `7f 80 01 ${"61".repeat(255)}`;
  decode(`40 01 61 ${large}`);
  expect(decode("be".repeat(200))).toBe("h2-header-bomb");
  expect(list.count).toBeLessThan(5);
});

test("HpackDecoder.decode() counts fields, too", () => {
  const { decode, list } = decoding(65_536, 2);
  decode("82 82 82");
  expect([list.count, list.tooMany, list.tooLarge]).toEqual([2, true, false]);
});

test("HpackDecoder goes on from the state of another", () => {
  const one = decoding();
  one.decode("40 01 61 01 62 40 01 63 01 64 10 01 65 01 66");
  const other = decoding();
  other.decoder.restore(JSON.parse(JSON.stringify(one.decoder.toState())));
  expect(other.decode("be bf")).toBe("c: d\na: b\n");
});

test("HpackDecoder.decode() says which fields their sender wants in no table", () => {
  const { decode, list } = decoding();
  decode("1001 6101 6200 0161 0162");
  expect([list.at(0).isSensitive, list.at(1).isSensitive]).toEqual([true, false]);
});
