import type { FieldLines } from "../http1/field-lines.ts";
import { Field } from "../http1/field-names.ts";

const CHALLENGE = /(?:^|,)[ \t]*(?:ntlm|negotiate)(?:$|[ \t,])/i;
const CREDENTIALS = /^(?:ntlm|negotiate)[ \t]/i;

/**
 * Whether an exchange ties a state to the connection that it went over, so that nobody else may use
 * it: NTLM and Negotiate sign in the connection and not the request (RFC 4559 section 6).
 */
export function bindsConnection(request: FieldLines, response: FieldLines): boolean {
  if (response.has(Field.wwwAuthenticate)) {
    if (CHALLENGE.test(response.valueOf("www-authenticate", ",") ?? "")) return true;
  }
  if (!request.has(Field.authorization)) return false;
  return CREDENTIALS.test(request.valueOfKind(Field.authorization) ?? "");
}
