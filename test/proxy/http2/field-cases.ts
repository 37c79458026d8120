import { fieldBlock, requestBlock } from "../../../proxy/http2/encode-head.ts";
import type { ConformanceCase } from "./conformance-cases.ts";
import { getBlock, goAway, headers, reset, settings } from "./raw-frames.ts";

const POST = requestBlock("POST", "http", "a.example", "/");
/** Fields of the static table (RFC 7541 appendix A), and one that is not in it. */
const [METHOD, SCHEME, PATH] = ["\u0082", "\u0086", "\u0084"];
const AUTHORITY = fieldBlock(":authority", "a.example");
const MALFORMED = "stream PROTOCOL_ERROR";
const DAMAGED = "connection COMPRESSION_ERROR";
/** A literal without indexing, whose value follows. */
const LITERAL = "\0\u0001x";
/** A dynamic table size update to 0, and to 4096. */
const [EMPTIED, FULL] = ["\u0020", "\u003f\u00e1\u001f"];
/** A field that is put into the dynamic table, and the one that was put there last. */
const [INSERTED, LAST_INSERTED] = ["\u0040\u0001y\u0001z", "\u00be"];

/** RFC 9113 sections 6 to 8: windows of what is answered, error codes, and heads. */
export const FIELD_CASES: readonly ConformanceCase[] = [
  [
    "6.5.3",
    "a setting twice: the last one holds",
    "answered",
    settings([4, 9], [4, 1]),
    headers(1),
  ],
  ["6.9.1", "a window of 1", "answered", settings([4, 1]), headers(1)],
  [
    "6.9.2",
    "a window that is made wider",
    "answered",
    settings([4, 1]),
    headers(1),
    settings([4, 3]),
  ],
  ["6.9.2", "a window below 0", "answered", settings([4, 3]), headers(1), settings([4, 2])],
  ["7", "GOAWAY with an unknown code", "answered", goAway(0, 0xff), headers(1)],
  [
    "7",
    "RST_STREAM with an unknown code",
    "answered",
    headers(1, POST, false),
    reset(1, 0xff),
    headers(3),
  ],
  ["8.2.1", "a line feed in a value", MALFORMED, headers(1, getBlock([["x", "1\n2"]]))],
  ["8.2.1", "a zero in a value", MALFORMED, headers(1, getBlock([["x", "1\u00002"]]))],
  ["8.2.1", "a blank before a value", MALFORMED, headers(1, getBlock([["x", " 1"]]))],
  ["8.2.1", "a blank in a name", MALFORMED, headers(1, getBlock([["x y", "1"]]))],
  ["8.2.2", "te of something else", MALFORMED, headers(1, getBlock([["te", "gzip"]]))],
  ["8.2.2", "te: trailers", "answered", headers(1, getBlock([["te", "trailers"]]))],
  [
    "8.2.2",
    "transfer-encoding",
    MALFORMED,
    headers(1, getBlock([["transfer-encoding", "chunked"]])),
  ],
  [
    "8.2.3",
    "cookie in pieces",
    "answered",
    headers(
      1,
      getBlock([
        ["cookie", "a=1"],
        ["cookie", "b=2"],
      ]),
    ),
  ],
  ["8.3", "an unknown pseudo-field", MALFORMED, headers(1, getBlock([[":x", "1"]]))],
  ["8.3", "a pseudo-field of responses", MALFORMED, headers(1, getBlock([[":status", "200"]]))],
  ["8.3.1", "no :method", MALFORMED, headers(1, SCHEME + AUTHORITY + PATH)],
  ["8.3.1", "no :scheme", MALFORMED, headers(1, METHOD + AUTHORITY + PATH)],
  ["8.3.1", "an empty :path", MALFORMED, headers(1, requestBlock("GET", "http", "a.example", ""))],
  ["8.3.1", ":method twice", MALFORMED, headers(1, METHOD + getBlock())],
  ["8.3.1", ":scheme twice", MALFORMED, headers(1, SCHEME + getBlock())],
  ["8.3.1", ":path twice", MALFORMED, headers(1, PATH + getBlock())],
  ["8.3.1", ":authority twice", MALFORMED, headers(1, AUTHORITY + getBlock())],
  ["8.3.1", "Host of somebody else", MALFORMED, headers(1, getBlock([["host", "b.example"]]))],
  [
    "8.5",
    "CONNECT has no :scheme and :path",
    MALFORMED,
    headers(1, requestBlock("CONNECT", "http", "a.example", "/")),
  ],
  ["8.5", "CONNECT", "answered", headers(1, fieldBlock(":method", "CONNECT") + AUTHORITY)],
];

/** RFC 7541: what header blocks may be made of. */
export const HPACK_CASES: readonly ConformanceCase[] = [
  [
    "2.3.2",
    "a field of the dynamic table",
    "answered",
    headers(1, getBlock() + INSERTED),
    headers(3, getBlock() + LAST_INSERTED),
  ],
  ["2.3.3", "an index that nothing has", DAMAGED, headers(1, getBlock() + LAST_INSERTED)],
  [
    "4.2",
    "two size updates before the fields",
    "answered",
    headers(1, EMPTIED + FULL + getBlock()),
  ],
  ["4.2", "three size updates", DAMAGED, headers(1, EMPTIED + FULL + FULL + getBlock())],
  ["4.2", "a size update behind the fields", DAMAGED, headers(1, getBlock() + EMPTIED)],
  [
    "4.3",
    "an index of what a size update has evicted",
    DAMAGED,
    headers(1, getBlock() + INSERTED),
    headers(3, EMPTIED + getBlock() + LAST_INSERTED),
  ],
  [
    "5.1",
    "an integer without end",
    DAMAGED,
    headers(1, `${getBlock()}\u00ff${"\u00ff".repeat(9)}\u0001`),
  ],
  [
    "5.2",
    "a Huffman code, padded by its end of string",
    "answered",
    headers(1, `${getBlock() + LITERAL}\u0081\u001f`),
  ],
  [
    "5.2",
    "Huffman padding of more than 7 bits",
    DAMAGED,
    headers(1, `${getBlock() + LITERAL}\u0082\u001f\u00ff`),
  ],
  ["5.2", "Huffman padding of zeros", DAMAGED, headers(1, `${getBlock() + LITERAL}\u0081\u0018`)],
  [
    "5.2",
    "the end of string in a Huffman code",
    DAMAGED,
    headers(1, `${getBlock() + LITERAL}\u0084\u00ff\u00ff\u00ff\u00ff`),
  ],
  ["5.2", "a string that ends too soon", DAMAGED, headers(1, `${getBlock() + LITERAL}\u0005ab`)],
  ["6.1", "index 0", DAMAGED, headers(1, `${getBlock()}\u0080`)],
  ["6.3", "a table larger than we said", DAMAGED, headers(1, `\u003f\u00e2\u001f${getBlock()}`)],
];
