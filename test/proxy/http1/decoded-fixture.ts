import type {
  DecodedFields,
  DecodedRequest,
  DecodedResponse,
} from "../../../proxy/http1/decoded-head.ts";
import { fieldKind } from "../../../proxy/http1/field-names.ts";

/** Fields as a decoder of another protocol gives them. Each is `name: value`. */
export function decodedFields(...lines: readonly string[]): DecodedFields {
  const fields = lines.map((line) => {
    const [name = "", value = ""] = line.split(": ");
    const kind = fieldKind(Buffer.from(name, "latin1"), 0, name.length);
    return { name, value, kind, line: `${line}\r\n` };
  });
  return { fields, count: fields.length };
}

/** A request for /a of the service `web`, but for what a test is about. */
export function decodedRequest(
  about: Partial<DecodedRequest> = {},
  ...lines: readonly string[]
): DecodedRequest {
  return {
    method: "GET",
    authority: "web",
    path: "/a",
    protocol: "",
    contentLength: lengthIn(lines),
    cookie: "",
    list: decodedFields(...lines),
    ...about,
  };
}

/** A response with these fields. */
export function decodedResponse(status: number, ...lines: readonly string[]): DecodedResponse {
  return { status, contentLength: lengthIn(lines), list: decodedFields(...lines) };
}

function lengthIn(lines: readonly string[]): number {
  const length = lines.find((line) => line.startsWith("content-length: "));
  return length === undefined ? -1 : Number(length.split(": ")[1]);
}
