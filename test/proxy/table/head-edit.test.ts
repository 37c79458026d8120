import { expect, test } from "vitest";
import { editedHead, editedLines, headEdit, joinedEdit } from "../../../proxy/table/head-edit.ts";

const HEAD = "GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\r\nx-a: 2\r\nX-AB: 3\r\n\r\n";

test("editedHead() removes all lines of a name, in any case, and adds others at the end", () => {
  const edit = headEdit({ removed: ["x-a"], added: [["x-c", "4"]] });
  expect(editedHead(HEAD, edit)).toBe("GET / HTTP/1.1\r\nHost: a\r\nX-AB: 3\r\nx-c: 4\r\n\r\n");
});

test("editedHead() adds to a head without fields, and leaves its start line alone", () => {
  const edit = headEdit({ removed: ["get / http/1.1"], added: [["x-c", "4"]] });
  expect(editedHead("GET / HTTP/1.1\r\n\r\n", edit)).toBe("GET / HTTP/1.1\r\nx-c: 4\r\n\r\n");
});

test("joinedEdit() does what one edit after the other does", () => {
  const first = headEdit({
    removed: ["x-ab"],
    added: [
      ["x-c", "4"],
      ["x-d", "5"],
    ],
  });
  const then = headEdit({ removed: ["x-a", "x-c"], added: [["x-e", "6"]] });
  expect(editedHead(HEAD, joinedEdit(first, then))).toBe(editedHead(editedHead(HEAD, first), then));
  expect(joinedEdit(undefined, then)).toBe(then);
});

test("editedLines() returns the same text for an edit of nothing", () => {
  expect(editedLines("a: 1\r\n", headEdit({ removed: [], added: [] }))).toBe("a: 1\r\n");
});
