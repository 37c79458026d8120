import { z } from "zod";
import { type ConsulClient, consulPath } from "./client.ts";
import { parseAnswer } from "./answer.ts";
import { ConsulError } from "./consul-error.ts";

/**
 * Largest value of a key in bytes (Consul's kv_max_value_size, 512 KiB), less room for an operator
 * who copies it by hand with a few more characters.
 */
export const KV_VALUE_BYTES_MAX = 500 * 1024;

/**
 * Keys of one answer that are read: several times the sidecars of a large fleet. More are litter.
 */
export const KV_ENTRIES_MAX = 10_000;

const entrySchema = z.object({
  Key: z.string(),
  Value: z.string().nullable(),
  ModifyIndex: z.number(),
  LockIndex: z.number(),
  Session: z.string().optional(),
});

/** A key with its value. */
export type KvEntry = {
  readonly key: string;
  readonly value: string;
  /** What a compare-and-set compares. */
  readonly modifyIndex: number;
  /** How often the key was locked: grows with each leader. */
  readonly lockIndex: number;
  /** Who holds the lock. undefined: nobody. */
  readonly session: string | undefined;
};

/** The path of a key or of a prefix; its own slashes stay. */
export function kvPath(key: string): string {
  return `kv/${consulPath(...key.split("/"))}`;
}

/**
 * Reads the answer of a KV path. @throws ConsulError consul_unreadable, also for more than
 * KV_ENTRIES_MAX
 */
export function parseKvAnswer(action: string, text: string): readonly KvEntry[] {
  const answer = parseAnswer(action, text);
  if (Array.isArray(answer) && answer.length > KV_ENTRIES_MAX) {
    const found = `wanted at most ${KV_ENTRIES_MAX} keys, found ${answer.length}`;
    throw new ConsulError("consul_unreadable", action, found);
  }
  const entries = z.array(entrySchema).safeParse(answer);
  if (!entries.success) {
    throw new ConsulError("consul_unreadable", action, "Consul's answer holds no keys");
  }
  return entries.data.map((entry) => ({
    key: entry.Key,
    value: Buffer.from(entry.Value ?? "", "base64").toString("utf8"),
    modifyIndex: entry.ModifyIndex,
    lockIndex: entry.LockIndex,
    session: entry.Session,
  }));
}

/**
 * One key. undefined: there is none. `stale` asks any server, leader or not; `timeoutMs` as a
 * ConsulRequest's. @throws ConsulError
 */
export async function getKey(
  client: ConsulClient,
  key: string,
  options: { readonly stale?: boolean; readonly timeoutMs?: number | undefined } = {},
): Promise<KvEntry | undefined> {
  const { stale = false, timeoutMs } = options;
  const action = `read key ${key}`;
  const query = stale ? { stale: "" } : {};
  const answer = await client.request({ action, path: kvPath(key), query, timeoutMs });
  return answer.found ? parseKvAnswer(action, answer.text)[0] : undefined;
}

/** The names of all keys that start with `prefix`, without their values. @throws ConsulError */
export async function getKeyNames(
  client: ConsulClient,
  prefix: string,
): Promise<readonly string[]> {
  const action = `list keys below ${prefix}`;
  const names = await client.json({ action, path: kvPath(prefix), query: { keys: "" } });
  const read = z.array(z.string()).safeParse(names ?? []);
  if (!read.success) {
    throw new ConsulError("consul_unreadable", action, "Consul's answer holds no names of keys");
  }
  return read.data;
}

/** All keys that start with `prefix`, at most KV_ENTRIES_MAX. @throws ConsulError */
export async function getKeys(client: ConsulClient, prefix: string): Promise<readonly KvEntry[]> {
  const action = `read keys below ${prefix}`;
  const answer = await client.request({ action, path: kvPath(prefix), query: { recurse: "" } });
  return answer.found ? parseKvAnswer(action, answer.text) : [];
}

/** The condition of a write. */
export type KvCondition = {
  /** The ModifyIndex that must still be there. 0: the key must not exist. */
  readonly cas?: number;
  /** A session that takes the key's lock, or has it. */
  readonly acquire?: string;
  /** A session that lets go of it. */
  readonly release?: string;
};

/** Writes a key. false: the condition does not hold. @throws ConsulError */
export async function putKey(
  client: ConsulClient,
  key: string,
  value: string,
  condition: KvCondition = {},
): Promise<boolean> {
  const result: unknown = await client.call(`write key ${key}`, async (consul, dc) =>
    consul.kv.set({ key, value, ...condition, ...dc }),
  );
  if (typeof result === "boolean") return result;
  // The package gives undefined where Consul says false.
  if (result === undefined) return false;
  throw new ConsulError("consul_unreadable", `write key ${key}`, "Consul's answer is no yes or no");
}

/** Deletes a key, or with `recurse` all that start with it. @throws ConsulError */
export async function deleteKey(
  client: ConsulClient,
  key: string,
  options: { readonly recurse?: boolean } = {},
): Promise<void> {
  await client.call(`delete key ${key}`, async (consul, dc) =>
    consul.kv.del({ key, ...options, ...dc }),
  );
}
