import { expect, test } from "vitest";
import { ACCESS_FLAGS } from "../../../proxy/access-log/entry.ts";
import { ACCESS_LOG_FIELDS } from "../../../proxy/table/access-log-spec.ts";
import { codesIn, pages, rowsOf } from "../../support/documents.ts";

/** Everything in backticks in the first cells of the table of docs/access-log.md below this. */
function documented(caption: RegExp): readonly string[] {
  const page = pages().find(({ path }) => path === "docs/access-log.md");
  const rows = page === undefined ? [] : rowsOf(page).filter((row) => caption.test(row.caption));
  return rows.flatMap(({ cells }) => codesIn(cells[0] ?? "")).toSorted();
}

test("docs/access-log.md has all fields and flags, and no others", () => {
  expect(documented(/^What a line can say/)).toEqual(ACCESS_LOG_FIELDS.toSorted());
  expect(documented(/^The flags, beside/)).toEqual(ACCESS_FLAGS.toSorted());
});
