import { expect, test } from "vitest";
import { LocalReplies } from "../../../proxy/metrics/local-replies.ts";

test("LocalReplies count by service and error, whatever a service is called", () => {
  const replies = new LocalReplies();
  replies.add("web", "connection_timeout");
  replies.add("constructor", "connection_timeout");
  replies.add("web", "connection_timeout");
  replies.add("", "destination_not_found");
  replies.add("web", "http_request_error");
  expect(replies.stats()).toEqual([
    { service: "web", errors: { connection_timeout: 2, http_request_error: 1 } },
    { service: "constructor", errors: { connection_timeout: 1 } },
    { service: "", errors: { destination_not_found: 1 } },
  ]);
});
