import { latin1 } from "./latin1.ts";

/** Text and chunks in their order, each followed by "latin1" or "buffer": what `writev` takes. */
export type WriteParts = readonly (string | Buffer)[];

/** How many bytes they are together. */
export function partsBytes(parts: WriteParts): number {
  let bytes = 0;
  for (let at = 0; at < parts.length; at += 2) bytes += parts[at]?.length ?? 0;
  return bytes;
}

/** All of them as one latin1 text, copied. */
export function partsText(parts: WriteParts): string {
  let text = "";
  for (let at = 0; at < parts.length; at += 2) {
    const part = parts[at] ?? "";
    text += typeof part === "string" ? part : latin1(part, 0, part.length);
  }
  return text;
}
