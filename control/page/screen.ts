import { signal } from "@preact/signals";
import type { Act } from "./act.ts";
import type { KeyAction } from "./key-action.ts";
import { pagePlaceOf } from "./place.ts";

/** What the page shows besides what it knows of the sidecar. */

/** Where it is. */
export const place = signal(pagePlaceOf(location.hash));
/** What is asked about in a dialog. undefined: nothing. */
export const act = signal<Act | undefined>(undefined);
/** Whether the keys are explained. */
export const isHelpOpen = signal(false);
/** Said aloud by screen readers, and shown for a while. "": nothing. */
export const notice = signal("");
/** What the list of services is searched for. */
export const find = signal("");
/** What keys do on this page, besides what they do everywhere. */
export const keyTargets = signal<Partial<Record<KeyAction, () => void>>>({});

/** How long a notice can be read. */
const NOTICE_MS = 8_000;
let noticeTimer: ReturnType<typeof setTimeout> | undefined;

/** Says that something has happened. */
export function announce(text: string): void {
  notice.value = text;
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => (notice.value = ""), NOTICE_MS);
}
