import { expect, test } from "vitest";
import { SILENT_HANDLER } from "../../../proxy/transport/silent-handler.ts";

test("SILENT_HANDLER takes every call, and does nothing", () => {
  const bytes = Buffer.from("bytes");
  const told = [
    SILENT_HANDLER.onConnect(),
    SILENT_HANDLER.onData(bytes, bytes.length),
    SILENT_HANDLER.onEnd(),
    SILENT_HANDLER.onFlushed(),
    SILENT_HANDLER.onClose(new Error("lost")),
  ];
  expect([told.filter((each) => each !== undefined), bytes.toString()]).toEqual([[], "bytes"]);
});
