import { errorCode, errorText } from "../../proxy/base/error-text.ts";

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
 * @throws when nothing comes in time, or too much, with the reason as its message
 */
export async function askHttp(
  { url, body, headers, timeoutMs }: HttpAsk,
  ended: AbortSignal,
): Promise<HttpAnswer> {
  const signal = AbortSignal.any([ended, AbortSignal.timeout(timeoutMs)]);
  const method = body === undefined ? "GET" : "POST";
  const init = { method, headers, redirect: "manual", signal } as const;
  try {
    const answer = await fetch(url, body === undefined ? init : { ...init, body });
    return { status: answer.status, text: await textOf(answer) };
  } catch (error) {
    throw new Error(fetchReason(error), { cause: error });
  }
}

/** Why a fetch() has failed: its own error only says that it has. */
export function fetchReason(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (!(cause instanceof Error)) return errorText(error);
  // Of several addresses none has answered: that error has a code, and no text.
  return cause.message || errorCode(cause) || errorText(error);
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
