import { expect, test } from "vitest";
import { readApiAddress } from "../../../control/cli/api-address.ts";

test.each([
  ["127.0.0.1:9180", { text: "127.0.0.1:9180", secure: false, prefix: "" }],
  ["http://127.0.0.1:9180/", { text: "http://127.0.0.1:9180", secure: false }],
  ["https://mesh.example/sluice//", { secure: true, prefix: "/sluice", socketPath: undefined }],
  ["unix:/run/api.sock", { secure: false, origin: undefined, socketPath: "/run/api.sock" }],
  ["unix:///run/api.sock", { socketPath: "/run/api.sock" }],
])("readApiAddress() reads %j", (written, wanted) => {
  expect(readApiAddress(written)).toMatchObject(wanted);
});

test.each([
  "",
  "ftp://x",
  "http://",
  "localhost:port",
  "unix:relative",
  "http://x?y",
  "http://x#y",
])("readApiAddress() refuses %j as usage", (written) => {
  expect(() => readApiAddress(written)).toThrow(
    expect.objectContaining({
      code: "usage",
      exitCode: 2,
      message: expect.stringMatching(
        new RegExp(`found ${RegExp.escape(JSON.stringify(written))}$`),
      ),
    }),
  );
});

test.each([
  "https://ops:s3cret@mesh.example",
  "http://:s3cret@mesh.example",
  "ftp://ops:s3cret@x",
  "ops:s3cret@mesh.example:port",
])("readApiAddress() refuses %j without quoting what may be a password", (written) => {
  let message = "";
  try {
    readApiAddress(written);
  } catch (error) {
    ({ message } = error as Error);
  }
  expect(message).toMatch(/^Cannot read the address of the API: wanted .*, found one with `@`$/);
});
