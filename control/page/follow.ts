import { credentialOf } from "./call.ts";
import type { CallDeps } from "./call.ts";
import { SseReader } from "./sse-reader.ts";
import type { SseEvent } from "./sse-reader.ts";

/** How a stream is followed. */
export type FollowDeps = CallDeps & {
  readonly onEvent: (event: SseEvent) => void;
  /** true: it has begun. false: it is lost, and is tried again. */
  readonly onLive: (live: boolean) => void;
  /** Whether it would be refused anyway, until somebody enters a token. */
  readonly isHeld: () => boolean;
  /** Resolves after so long. */
  readonly sleep: (forMs: number) => Promise<unknown>;
};

/** First wait after a stream was lost, and the longest one. */
const RETRY_MS = 500;
const RETRY_MAX_MS = 8_000;

/** A stream without a word for this long is dead: there are stats every second. */
const SILENCE_MS = 10_000;

/** Follows events and stats until `signal` is aborted; what is lost is tried again, and resumed. */
export async function follow(deps: FollowDeps, signal: AbortSignal): Promise<void> {
  let lastId = "0";
  let retryMs = RETRY_MS;
  const take = (event: SseEvent): void => {
    lastId = event.id ?? lastId;
    retryMs = RETRY_MS;
    deps.onEvent(event);
  };
  while (!signal.aborted) {
    // Wrong tokens again and again would have the sidecar turn away the right one, too.
    while (deps.isHeld()) await deps.sleep(RETRY_MS);
    await readStream(deps, lastId, take).catch(() => undefined);
    if (signal.aborted) return;
    deps.onLive(false);
    await deps.sleep(retryMs);
    retryMs = Math.min(RETRY_MAX_MS, retryMs * 2);
  }
}

async function readStream(
  deps: FollowDeps,
  lastId: string,
  take: (event: SseEvent) => void,
): Promise<void> {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENCE_MS);
  try {
    const answer = await deps.fetch("/v1/events?stats", {
      headers: { ...credentialOf(deps.token()), "last-event-id": lastId },
      cache: "no-store",
      signal: silence.signal,
    });
    if (answer.status === 401) deps.onUnauthenticated();
    if (!answer.ok || answer.body === null) return;
    deps.onLive(true);
    const reader = new SseReader();
    const pieces = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value = "" } = await pieces.read();
      if (done) return;
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MS);
      for (const event of reader.feed(value)) take(event);
    }
  } finally {
    clearTimeout(timer);
    silence.abort();
  }
}
