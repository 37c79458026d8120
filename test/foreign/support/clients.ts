import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildGo } from "./go-programs.ts";
import { runProgram } from "./foreign-process.ts";
import { ownProgram, program } from "./programs.ts";

type Send = (urls: readonly string[], bytes: number, count: number) => Promise<readonly string[]>;

/** A client that others wrote. */
export type ForeignClient = {
  readonly name: string;
  /** The programs that it needs. */
  readonly needs: readonly string[];
  /**
   * Sends `count` requests to each URL one after the other, POSTs with so many bytes or GETs for
   * 0. What each came to, in order: the status as text, or the client's error.
   */
  readonly send: Send;
};

const CURL_OPTIONS = ["--silent", "--show-error", "--max-time", "30", "--output", "/dev/null"];

/** Libraries of Python that programs/client.py knows. */
const PYTHON_LIBRARIES = ["requests", "httpx", "aiohttp"];

/** Clients of all kinds, each as its users have it. */
export const CLIENTS: readonly ForeignClient[] = [
  { name: "curl", needs: ["curl"], send: sendByCurl },
  ...PYTHON_LIBRARIES.map((library): ForeignClient => ({
    name: library,
    needs: ["python"],
    send: (urls, bytes, count) => {
      const args = [ownProgram("client.py"), library, String(bytes), String(count), ...urls];
      return linesOf(program("python"), args);
    },
  })),
  {
    name: "Node's fetch",
    needs: [],
    send: (urls, bytes, count) =>
      linesOf(process.execPath, [ownProgram("client.cjs"), String(bytes), String(count), ...urls]),
  },
  {
    name: "Go",
    needs: ["go"],
    send: async (urls, bytes, count) =>
      linesOf(await buildGo("client"), [String(bytes), String(count), ...urls]),
  },
  {
    name: "Java",
    needs: ["java"],
    send: (urls, bytes, count) => {
      const args = [ownProgram("Client.java"), String(bytes), String(count), ...urls];
      return linesOf(program("java"), args);
    },
  },
];

async function sendByCurl(
  urls: readonly string[],
  bytes: number,
  count: number,
): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), "sluice-"));
  const file = join(folder, "body");
  await writeFile(file, Buffer.alloc(bytes, "x"));
  const body = bytes === 0 ? [] : ["--data-binary", `@${file}`];
  const options = [...CURL_OPTIONS, "--write-out", "%{http_code}", ...body];
  const outcomes: string[] = [];
  try {
    for (const url of urls.flatMap((each) => Array<string>(count).fill(each))) {
      const { status, out, error } = await runProgram(program("curl"), [...options, url]);
      outcomes.push(status === 0 ? out : `${out} ${error.trim()}`);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return outcomes;
}

async function linesOf(file: string, args: readonly string[]): Promise<readonly string[]> {
  const { out, error } = await runProgram(file, args);
  const lines = out.trim().split("\n");
  return error === "" ? lines : [...lines, error];
}
