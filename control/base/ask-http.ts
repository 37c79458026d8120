/** Most bytes of an answer that are read: a number or a word is what is wanted. */
const ANSWER_BYTES_MAX = 1_048_576;

/** What is asked. */
export type HttpAsk = {
  readonly url: string;
  /** Absent: GET. */
  readonly body?: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
};

/** What came. */
export type HttpAnswer = { readonly status: number; readonly text: string };

/**
 * Asks once, and follows no redirect: whoever is asked is named in the file.
 * @throws when nothing comes in time, or too much
 */
export async function askHttp(
  { url, body, headers, timeoutMs }: HttpAsk,
  ended: AbortSignal,
): Promise<HttpAnswer> {
  const signal = AbortSignal.any([ended, AbortSignal.timeout(timeoutMs)]);
  const method = body === undefined ? "GET" : "POST";
  const init = { method, headers, redirect: "manual", signal } as const;
  const answer = await fetch(url, body === undefined ? init : { ...init, body });
  return { status: answer.status, text: await textOf(answer) };
}

async function textOf({ body }: Response): Promise<string> {
  if (body === null) return "";
  const decoder = new TextDecoder();
  const chunks: string[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > ANSWER_BYTES_MAX) throw new Error(`more than ${ANSWER_BYTES_MAX} bytes`);
    chunks.push(decoder.decode(chunk, { stream: true }));
  }
  return chunks.join("") + decoder.decode();
}
