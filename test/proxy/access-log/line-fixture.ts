import { LineBytes } from "../../../proxy/access-log/line-bytes.ts";
import type { LineSource } from "../../../proxy/access-log/line-queue.ts";

/** A line that says this, in ASCII. */
export function textLine(text: string): LineSource {
  return { writeTo: (bytes) => bytes.ascii(text) };
}

/** What is written where there is room. */
export function bytesOf(write: (bytes: LineBytes) => void): string {
  const [line, bytes] = [new LineBytes(), Buffer.alloc(64 * 1024)];
  line.begin(bytes);
  write(line);
  return bytes.toString("latin1", 0, line.length);
}
