import { Pool } from "undici";
import type { Contender, Job, RunningContender } from "./contenders/contender.ts";
import { SERVER_NAME } from "./origin/certificate-files.ts";
import { loadedHost } from "./contenders/contender.ts";
import { Http2Asker } from "./load/http2-asker.ts";
import { GRPC_MESSAGE, GRPC_PATH } from "./origin/answers.ts";
import type { FieldsAnswer } from "./origin/answers.ts";

/** Requests that a contender has to answer before it is measured. */
const REQUESTS = 200;
/** Bounds of v2's 10 % among them: beyond these the split is not the 90/10 that is configured. */
const V2_MIN = 5;
const V2_MAX = 45;

/**
 * Makes sure that a contender does the job it is measured for: answers everything, splits, keeps to
 * a key where there is one, forwards the client's address. It also warms the contender up a little.
 * @throws Error that says what it did not do.
 */
export async function checkJob(
  contender: Contender,
  running: RunningContender,
  job: Job,
): Promise<void> {
  if (job.http2 !== undefined) return checkHttp2(contender, running, job);
  const scheme = job.tls?.client === "tls" ? "https" : "http";
  const connect = { rejectUnauthorized: false, servername: SERVER_NAME };
  const pool = new Pool(`${scheme}://${running.host}:${running.port}`, { connections: 8, connect });
  try {
    const ask = (): Promise<FieldsAnswer> => askFields(pool, loadedHost(job.services));
    const answers = await Promise.all(Array.from({ length: REQUESTS }, ask));
    checkAnswers(contender, answers, job);
  } finally {
    await pool.destroy();
  }
}

async function checkHttp2(
  contender: Contender,
  running: RunningContender,
  job: Job,
): Promise<void> {
  const host = loadedHost(job.services);
  const secure = job.tls?.client === "tls";
  await using asker = await Http2Asker.connect({
    at: running.host,
    port: running.port,
    host,
    secure,
  });
  const answers: FieldsAnswer[] = [];
  for (let asked = 0; asked < REQUESTS; asked += 1) {
    const { status, body } = await asker.ask("/fields");
    if (status !== 200) throw new Error(`Cannot check: wanted status 200, found ${status}`);
    answers.push(JSON.parse(body.toString()) as FieldsAnswer);
  }
  checkAnswers(contender, answers, job);
  if (job.http2?.upstream !== "grpc") return;
  const { body, trailers } = await asker.ask(GRPC_PATH, GRPC_MESSAGE);
  if (!body.equals(GRPC_MESSAGE) || trailers["grpc-status"] !== "0") {
    throw new Error("Cannot check: wanted a message of gRPC and its status, found another answer");
  }
}

async function askFields(pool: Pool, host: string): Promise<FieldsAnswer> {
  const headers = { host, cookie: "sid=0123456789abcdef" };
  const { statusCode, body } = await pool.request({ path: "/fields", method: "GET", headers });
  const text = await body.text();
  if (statusCode === 200) return JSON.parse(text) as FieldsAnswer;
  throw new Error(`Cannot check: wanted status 200, found ${statusCode}`);
}

function checkAnswers(contender: Contender, answers: readonly FieldsAnswer[], job: Job): void {
  // The few connections here say nothing of how they are split.
  if (!contender.abilities.has("split") || job.tcp) return;
  const fromV2 = answers.filter(({ version }) => version === "v2").length;
  // Its value is not checked: for a client on loopback Envoy writes the machine's own address.
  const unmarked = answers.filter(({ forwardedFor }) => forwardedFor === "");
  if (unmarked.length > 0) {
    throw new Error(`${unmarked.length} of ${answers.length} requests without X-Forwarded-For`);
  }
  const isSplit = job.affinity
    ? fromV2 === 0 || fromV2 === answers.length
    : fromV2 >= V2_MIN && fromV2 <= V2_MAX;
  if (!isSplit)
    throw new Error(`${fromV2} of ${answers.length} requests to v2: not the split wanted`);
}
