import { expect, test } from "vitest";
import { runDemo } from "../../../../control/cli/demo/run-demo.ts";
import type { Screen } from "../../../../control/cli/demo/screen.ts";
import type { Tally } from "../../../../control/cli/demo/tally.ts";
import { systemClock } from "../../../../proxy/base/clock.ts";
import { DEMO_PROGRAMS } from "../../../support/sidecar.ts";

/** Starting and ending four processes on a busy machine takes most of it. */
const TIMEOUT_MS = 120_000;

/** Keeps what a demo shows. */
class Recorder implements Screen {
  readonly said: string[] = [];
  readonly steps: Tally[] = [];
  onProgress: () => void = () => undefined;
  /** The API that it may look at. */
  watched = "";

  say(line: string): void {
    this.said.push(line);
  }

  watch(api: { readonly url: string }): void {
    this.watched = api.url;
  }

  progress(): void {
    this.onProgress();
  }

  finished(tally: Tally): void {
    this.steps.push(tally);
  }

  close(): void {
    // Nothing is shown.
  }
}

/** How many of the addresses that were shown answer. */
async function answering({ said }: Recorder): Promise<string> {
  const urls = said.flatMap((line) => line.match(/http:\S+/g) ?? []);
  const answers = await Promise.allSettled(urls.map((url) => fetch(url)));
  const fulfilled = answers.filter(({ status }) => status === "fulfilled");
  return `${fulfilled.length} of ${urls.length}`;
}

test(
  "runDemo() moves real traffic from 0 to 100 % without an error, and leaves no process",
  async () => {
    const screen = new Recorder();
    const { signal } = new AbortController();
    const options = { once: true, stepMs: 400, clock: systemClock, screen, signal };
    expect(await runDemo({ ...options, programs: DEMO_PROGRAMS })).toEqual([]);
    expect(screen.steps.map(({ share }) => share)).toEqual([0, 0.1, 0.5, 1]);
    expect(screen.steps.map(({ errors }) => errors)).toEqual([0, 0, 0, 0]);
    expect(await answering(screen)).toBe("0 of 5");
    expect(screen.said.join("\n")).toContain(`${screen.watched}/v1/services`);
  },
  TIMEOUT_MS,
);

test(
  "runDemo() ends everything when it is interrupted",
  async () => {
    const screen = new Recorder();
    const interrupt = new AbortController();
    screen.onProgress = () => interrupt.abort();
    const { signal } = interrupt;
    const options = { once: false, stepMs: 60_000, clock: systemClock, screen, signal };
    expect(await runDemo({ ...options, programs: DEMO_PROGRAMS })).toEqual([]);
    expect(screen.steps).toEqual([]);
    expect(await answering(screen)).toBe("0 of 5");
  },
  TIMEOUT_MS,
);
