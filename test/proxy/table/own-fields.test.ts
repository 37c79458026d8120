import { expect, test } from "vitest";
import { checkFieldName } from "../../../proxy/filters/field-rules.ts";
import { isOwnField } from "../../../proxy/table/own-fields.ts";

const NAMES = [
  ..."host connection keep-alive proxy-connection te trailer transfer-encoding upgrade".split(" "),
  ..."http2-settings proxy-authorization proxy-authenticate content-length expect".split(" "),
  ..."max-forwards via forwarded x-forwarded-for x-forwarded-host x-forwarded-proto".split(" "),
  ..."x-forwarded-port x-forwarded-client-cert cdn-loop sec-websocket-key".split(" "),
  ..."sec-websocket-version sec-websocket-accept content_length transfer_encoding".split(" "),
  ..."x_forwarded_for X-Forwarded_Host Content-Length HOST x-request-id authorization".split(" "),
  ..."cookie set-cookie date www-authenticate grpc-timeout server x-a keep_alive".split(" "),
];

test("isOwnField() refuses documents the same fields as filters", () => {
  const refusedToFilters = (name: string): boolean => {
    try {
      checkFieldName(name);
      return false;
    } catch {
      return true;
    }
  };
  expect(NAMES.filter(isOwnField)).toEqual(NAMES.filter(refusedToFilters));
});
