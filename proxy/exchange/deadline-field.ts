import type { OutgoingRequest } from "../http1/outgoing-request.ts";
import type { RequestHead } from "../http1/request-head.ts";
import { editedHead, headEdit } from "../table/head-edit.ts";
import type { Policy } from "../table/snapshot.ts";

/** Whole milliseconds, up to twelve days. */
const MILLISECONDS = /^\d{1,9}$/;

/** The policy with the shorter of its own time and that which the caller says it waits. */
export function withinDeadline(policy: Policy, head: RequestHead): Policy {
  const { deadlineField, timeoutMs } = policy;
  const told = deadlineField === undefined ? undefined : head.header(deadlineField);
  if (told === undefined || !MILLISECONDS.test(told)) return policy;
  const waitsMs = Math.max(1, Number(told));
  return timeoutMs > 0 && timeoutMs <= waitsMs ? policy : { ...policy, timeoutMs: waitsMs };
}

/** Tells the endpoint how long there is left, `usedMs` after the request came. */
export function tellDeadline(policy: Policy, outgoing: OutgoingRequest, usedMs: number): void {
  const { deadlineField: field, timeoutMs } = policy;
  if (field === undefined || timeoutMs === 0) return;
  const leftMs = Math.max(0, Math.floor(timeoutMs - usedMs));
  const edit = headEdit({ removed: [field], added: [[field, String(leftMs)]] });
  outgoing.edit(editedHead(outgoing.text(), edit));
}
