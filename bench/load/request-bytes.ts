import type { Target } from "./load.ts";

/** A request of `target` as bytes, its body included. */
export function requestBytes(target: Target): Buffer {
  const fields = Object.entries(target.fields).map(([name, value]) => `${name}: ${value}\r\n`);
  const length = target.bodyBytes > 0 ? `content-length: ${target.bodyBytes}\r\n` : "";
  const head = `${target.method} ${target.path} HTTP/1.1\r\n${fields.join("")}${length}\r\n`;
  return Buffer.concat([Buffer.from(head, "latin1"), Buffer.alloc(target.bodyBytes, "x")]);
}
