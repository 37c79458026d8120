import fc from "fast-check";

/** What attackers and broken programs put into messages. */
const PIECES = [
  "; ",
  "1; a=b\r\n",
  "1 \r\n",
  "Connection: keep-alive Te\r\n",
  "Connection: close; x, upgrade y\r\n",
  "BAN ",
  "Proxy-Connection: close\r\n",
  "\r\n",
  "\n",
  "\r",
  "\r\n\r\n",
  " ",
  "	",
  "\0",
  "\v",
  "",
  "",
  "\xA0",
  ":",
  ",",
  ";",
  "=",
  '"',
  "\\",
  "/",
  "?",
  "#",
  "%",
  "%00",
  "*",
  "@",
  "[",
  "]",
  "-",
  "_",
  "+",
  "0",
  "5",
  "a",
  "F",
  "0x5",
  "0\r\n\r\n",
  "5\r\nhello\r\n",
  "ffffffffffffffff",
  "1;a=b\r\n",
  "chunked",
  "identity",
  "gzip, ",
  "close",
  "keep-alive",
  "upgrade",
  "100-continue",
  "trailers",
  "Content-Length: 5\r\n",
  "Content-Length: 05\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Host: b\r\n",
  "Connection: close\r\n",
  "Connection: upgrade\r\n",
  "Upgrade: x\r\n",
  "Upgrade: h2c\r\n",
  "Expect: 100-continue\r\n",
  "X: y\r\n",
  "X:\r\n",
  " folded\r\n",
  "HTTP/1.0",
  "HTTP/1.1",
  "HTTP/2.0",
  "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
  "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
];

const PLACES = 2 ** 20;

type Mutation = {
  readonly kind: "insert" | "replace" | "delete" | "repeat" | "case";
  /** Where: a share of the text's length. */
  readonly at: number;
  readonly length: number;
  readonly piece: string;
};

const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom("insert", "replace", "delete", "repeat", "case"),
  // Not fc.double(): most doubles lie next to 0.
  at: fc.nat({ max: PLACES - 1 }).map((place) => place / PLACES),
  length: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 40 })),
  piece: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...PIECES) },
    {
      weight: 1,
      arbitrary: fc.integer({ min: 0, max: 255 }).map((byte) => String.fromCharCode(byte)),
    },
  ),
});

/** Texts of a corpus, or two of them in a row, with up to four mutations; in latin1. */
export function mutated(corpus: readonly string[]): fc.Arbitrary<Buffer> {
  const seed = fc.constantFrom(...corpus);
  const text = fc.oneof(
    { weight: 3, arbitrary: seed },
    { weight: 1, arbitrary: fc.tuple(seed, seed).map(([one, two]) => one + two) },
  );
  return fc
    .tuple(text, fc.array(mutation, { maxLength: 4 }))
    .map(([base, mutations]) => Buffer.from(mutations.reduce(mutate, base), "latin1"));
}

function mutate(text: string, { kind, at, length, piece }: Mutation): string {
  const from = Math.floor(at * text.length);
  const to = Math.min(text.length, from + length);
  const middle = text.slice(from, to);
  switch (kind) {
    case "insert":
      return text.slice(0, from) + piece + text.slice(from);
    case "replace":
      return text.slice(0, from) + piece + text.slice(to);
    case "delete":
      return text.slice(0, from) + text.slice(to);
    case "repeat":
      return text.slice(0, to) + middle + text.slice(to);
    case "case":
      return text.slice(0, from) + swapCase(middle) + text.slice(to);
  }
}

function swapCase(text: string): string {
  const upper = text.toUpperCase();
  return text === upper ? text.toLowerCase() : upper;
}
