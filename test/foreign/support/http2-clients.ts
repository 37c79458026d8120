import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import type { Ended } from "./foreign-process.ts";
import { runProgram } from "./foreign-process.ts";
import { ownProgram, program } from "./programs.ts";

/** Where a client of HTTP/2 goes. */
export type Http2Target = {
  /** `http://` for cleartext with prior knowledge, `https://` for TLS with ALPN. */
  readonly url: string;
  /** PEM of the roots that the client trusts. */
  readonly roots: string;
};

/** What came of each case, by name. */
export type Http2Outcomes = Readonly<Record<string, string>>;

/** A client of HTTP/2 that others wrote. */
export type Http2Client = {
  readonly name: string;
  /** The programs that it needs. */
  readonly needs: readonly string[];
  /** What it does otherwise than EXPECTED, as it cannot do better. undefined: not at all. */
  readonly differs: Readonly<Record<string, string | undefined>>;
  /** As `differs`, in clear alone. */
  readonly differsInClear?: Readonly<Record<string, string | undefined>>;
  readonly run: (target: Http2Target) => Promise<Http2Outcomes>;
};

/** Requests for `/version` of a client, during which a test shifts. */
export const SHIFT_REQUESTS = 600;
const SHIFT_STREAMS = 8;
const PARALLEL = 32;
const LARGE_BYTES = 3 * 1024 * 1024;
const SMALL = "a small body";

/** What each case has to come to: version, status, body, and trailers behind a bar. */
export const EXPECTED: Http2Outcomes = {
  get: "2 200 hello",
  post: `2 200 ${SMALL}`,
  large: "2 200 same: true",
  trailers: "2 200 with trailers | by the client",
  error: "2 418 short and stout",
  parallel: `${PARALLEL} right`,
  shift: `${SHIFT_REQUESTS} right`,
};

/** Clients of all kinds. */
export const HTTP2_CLIENTS: readonly Http2Client[] = [
  {
    name: "curl",
    needs: ["curl"],
    // It shows trailers and cannot send any.
    differs: { trailers: "2 200 with trailers | none" },
    // With prior knowledge, curl 7.88 sends the preface again on a connection that it uses again.
    differsInClear: { parallel: undefined, shift: undefined },
    run: runCurl,
  },
  { name: "nghttp", needs: ["nghttp"], differs: { shift: undefined }, run: runNghttp },
  {
    name: "h2load",
    needs: ["h2load"],
    differs: { get: undefined, large: undefined, trailers: undefined, error: undefined },
    run: runH2load,
  },
  {
    name: "Node's http2",
    needs: [],
    differs: {},
    run: (target) => runNodeClient(target),
  },
  {
    name: "Go's net/http",
    needs: ["http2-client"],
    differs: {},
    run: (target) => runOwn(program("http2-client"), [], target),
  },
  {
    name: "Java's HttpClient",
    needs: ["java"],
    differs: { trailers: undefined },
    // It offers `Upgrade: h2c`, which is not taken.
    differsInClear: {
      get: "1 200 hello",
      post: `1 200 ${SMALL}`,
      large: "1 200 same: true",
      error: "1 418 short and stout",
    },
    run: (target) => runOwn(program("java"), [ownProgram("Http2Client.java")], target),
  },
  {
    name: "httpx",
    needs: ["python"],
    differs: { trailers: undefined },
    run: (target) => runOwn(program("python"), [ownProgram("http2_client.py")], target),
  },
];

/** What a client has to say at the end, over TLS or in clear. */
export function expectedOf(client: Http2Client, scheme: "http" | "https"): Http2Outcomes {
  const { differs, differsInClear } = client;
  const all = { ...EXPECTED, ...differs, ...(scheme === "http" ? differsInClear : {}) };
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, text]) => (text === undefined ? [] : [[name, text]])),
  );
}

/** Node's http2, which shows everything. `cases`: absent: all. */
export function runNodeClient(
  target: Http2Target,
  cases: readonly string[] = [],
): Promise<Http2Outcomes> {
  return runOwn(process.execPath, [ownProgram("http2-client.cjs")], target, cases);
}

/** A program of the tests that prints a line for each case. */
async function runOwn(
  file: string,
  args: readonly string[],
  { url, roots }: Http2Target,
  cases: readonly string[] = [],
): Promise<Http2Outcomes> {
  const env: Record<string, string> = url.startsWith("https:") ? { CA_FILE: roots } : {};
  const { out, error } = await runProgram(file, [...args, url, ...cases], { env });
  // Bodies may end with a line's end of their own.
  const lines = out.split("\n").filter((line) => line !== "");
  const outcomes = lines.map((line) => line.split(/: (.*)/s).slice(0, 2) as [string, string]);
  return Object.fromEntries(error === "" ? outcomes : [...outcomes, ["error output", error]]);
}

async function runCurl({ url, roots }: Http2Target): Promise<Http2Outcomes> {
  const folder = await temporaryFolder();
  const large = await largeFile(folder);
  const [got, fields] = [join(folder, "got"), join(folder, "fields")];
  const isSecure = url.startsWith("https:");
  const version = isSecure ? ["--http2", "--cacert", roots] : ["--http2-prior-knowledge"];
  const curl = async (path: string, ...more: readonly string[]): Promise<string> => {
    const always = ["--no-progress-meter", "--max-time", "30"];
    const args = [...always, ...version, ...more, `${url}${path}`];
    const { out, error } = await runProgram(program("curl"), args);
    return `${out}${error}`.trim();
  };
  const one = (path: string, ...more: readonly string[]): Promise<string> =>
    curl(path, "--output", got, "--write-out", "%{http_version} %{http_code}", ...more);
  const said = async (path: string, ...more: readonly string[]): Promise<string> =>
    `${await one(path, ...more)} ${await readFile(got, "utf8")}`;
  const many = async (path: string, streams: number, right: readonly string[]): Promise<string> => {
    const form = "%{http_version} %{http_code} %header{x-version}\n";
    const parallel = ["--parallel", "--parallel-max", `${streams}`, "--write-out", form];
    const lines = (await curl(path, ...parallel, "--output", "/dev/null")).split("\n");
    const wrong = lines.filter((line) => !right.includes(line));
    return wrong.length === 0 ? `${lines.length} right` : wrong.join("; ");
  };
  const versions = ["2 200 v1", "2 200 v2"];
  const withTrailers = ["--header", "te: trailers", "--dump-header", fields];
  const alone = {
    get: await said("/hello"),
    post: await said("/echo", "--data", SMALL),
    large: `${await one("/echo", "--data-binary", `@${large}`)} ${await isSame(large, got)}`,
    trailers: `${await said("/trailers", ...withTrailers)} | ${await seenIn(fields)}`,
    error: await said("/teapot"),
  };
  if (!isSecure) return alone;
  return {
    ...alone,
    parallel: await many(`/number/[1-${PARALLEL}]`, PARALLEL, versions),
    shift: await many(`/version?[1-${SHIFT_REQUESTS}]`, SHIFT_STREAMS, versions),
  };
}

async function seenIn(fields: string): Promise<string | undefined> {
  return /^x-seen: (.*?)\r?$/m.exec(await readFile(fields, "utf8"))?.[1];
}

async function isSame(sent: string, got: string): Promise<string> {
  const [a, b] = await Promise.all([readFile(sent), readFile(got)]);
  return `same: ${a.equals(b)}`;
}

async function runNghttp({ url }: Http2Target): Promise<Http2Outcomes> {
  const folder = await temporaryFolder();
  const large = await largeFile(folder);
  const small = join(folder, "small");
  await writeFile(small, SMALL);
  const nghttp = (paths: readonly string[], ...more: readonly string[]): Promise<Ended> => {
    const urls = paths.map((path) => `${url}${path}`);
    return runProgram(program("nghttp"), ["--timeout=30", "--no-verify-peer", ...more, ...urls]);
  };
  /** A run for the body, and one that shows the frames. */
  const said = async (path: string, ...more: readonly string[]): Promise<string> => {
    const { out, error } = await nghttp([path], ...more);
    const frames = (await nghttp([path], "--verbose", "--null-out", ...more)).out;
    const status = /:status: (\d+)/.exec(frames)?.[1];
    const seen = /x-seen: (.*)/.exec(frames)?.[1];
    return `2 ${status} ${out}${error}${seen === undefined ? "" : ` | ${seen}`}`;
  };
  const numbers = Array.from({ length: PARALLEL }, (_, number) => number);
  const echoed = (await nghttp(["/echo"], `--data=${large}`)).out;
  const { out } = await nghttp(numbers.map((number) => `/number/${number}`));
  const found = out.trim().split("\n").map(Number);
  const isRight = found.toSorted((a, b) => a - b).join() === numbers.join();
  return {
    get: await said("/hello"),
    post: await said("/echo", `--data=${small}`),
    large: `2 200 same: ${echoed === (await readFile(large, "utf8"))}`,
    trailers: await said(
      "/trailers",
      `--data=${small}`,
      "--no-content-length",
      "--header=te: trailers",
      "--trailer=x-sent: by the client",
    ),
    error: await said("/teapot"),
    parallel: isRight ? `${PARALLEL} right` : `wrong: ${out}`,
  };
}

async function runH2load({ url }: Http2Target): Promise<Http2Outcomes> {
  const small = join(await temporaryFolder(), "small");
  await writeFile(small, SMALL);
  const load = async (path: string, count: number, ...more: readonly string[]): Promise<string> => {
    const args = [`--requests=${count}`, "--clients=1", ...more, `${url}${path}`];
    const { out, error } = await runProgram(program("h2load"), args);
    const right = Number(/status codes: (\d+) 2xx/.exec(out)?.[1]);
    const isWhole = out.includes(`${count} succeeded, 0 failed, 0 errored, 0 timeout`);
    return isWhole ? `${right} right` : `${out}${error}`;
  };
  const echoes = await load("/echo", PARALLEL, `--data=${small}`);
  return {
    post: echoes === `${PARALLEL} right` ? (EXPECTED["post"] ?? "") : echoes,
    parallel: await load("/number/1", PARALLEL, `--max-concurrent-streams=${PARALLEL}`),
    shift: await load("/version", SHIFT_REQUESTS, `--max-concurrent-streams=${SHIFT_STREAMS}`),
  };
}

/** Text whose places differ. */
async function largeFile(folder: string): Promise<string> {
  const file = join(folder, "large");
  const lines = Array.from({ length: LARGE_BYTES / 16 }, (_, at) => `${at}`.padStart(15) + "\n");
  await writeFile(file, lines.join(""));
  return file;
}
