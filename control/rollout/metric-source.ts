import { z } from "zod";
import { oneToken } from "../base/one-token.ts";
import { readSmallFile } from "../base/read-small-file.ts";
import type { MetricConfig } from "../config/rollouts-schema.ts";
import { askHttp } from "../base/ask-http.ts";

const TOKEN_RULE = { bytesMax: 16_384, others: "nothing" } as const;

/** What a number is about; its words are put into queries and addresses. */
export type MetricSubject = {
  readonly service: string;
  readonly from: string;
  readonly to: string;
};

/** Where a number comes from. */
export interface MetricSource {
  /** The number now. @throws when it cannot be had, with why */
  read(about: MetricSubject, ended: AbortSignal): Promise<number>;
}

/** The source that the file describes. `fileOf`: the path of a file of its folder. */
export function metricSource(config: MetricConfig, fileOf: (path: string) => string): MetricSource {
  return { read: (about, ended) => read(config, fileOf, about, ended) };
}

async function read(
  config: MetricConfig,
  fileOf: (path: string) => string,
  about: MetricSubject,
  ended: AbortSignal,
): Promise<number> {
  const { tokenFile, timeout: timeoutMs } = config;
  const token =
    tokenFile && oneToken(await readSmallFile(fileOf(tokenFile), TOKEN_RULE), tokenFile);
  const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
  const { status, text } = await askHttp({ url: urlOf(config, about), headers, timeoutMs }, ended);
  if (status !== 200) throw new Error(`answered ${status}`);
  const value = valueOf(config, JSON.parse(text));
  if (!Number.isFinite(value)) throw new Error("no number");
  return value;
}

function urlOf(config: MetricConfig, about: MetricSubject): string {
  if ("json" in config) return filled(config.json, about);
  const url = new URL(config.prometheus);
  url.pathname = `${url.pathname.replace(/\/$/, "")}/api/v1/query`;
  url.searchParams.set("query", filled(config.query, about));
  return url.href;
}

/** `{{to}}` becomes the version's name, which holds nothing that could end a query. */
function filled(text: string, { service, from, to }: MetricSubject): string {
  const words = { "{{service}}": service, "{{from}}": from, "{{to}}": to };
  return Object.entries(words).reduce((all, [word, value]) => all.replaceAll(word, value), text);
}

function valueOf(config: MetricConfig, answer: unknown): number {
  return "json" in config ? atPointer(answer, config.pointer) : ofPrometheus(answer);
}

const sample = z.tuple([z.number(), z.string()]);

const prometheusAnswer = z.object({
  data: z.discriminatedUnion("resultType", [
    z.object({ resultType: z.literal("scalar"), result: sample }),
    z.object({ resultType: z.literal("vector"), result: z.array(z.object({ value: sample })) }),
  ]),
});

/** https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries */
function ofPrometheus(answer: unknown): number {
  const { data } = prometheusAnswer.parse(answer);
  if (data.resultType === "scalar") return Number(data.result[1]);
  if (data.result.length !== 1) throw new Error(`wanted one series, found ${data.result.length}`);
  return Number(data.result[0]?.value[1]);
}

/** RFC 6901. */
function atPointer(answer: unknown, pointer: string): number {
  const keys = pointer.split("/").slice(1);
  const value = keys.reduce<unknown>((part, key) => {
    const name = key.replaceAll("~1", "/").replaceAll("~0", "~");
    const isThere = typeof part === "object" && part !== null && Object.hasOwn(part, name);
    return isThere ? (part as Readonly<Record<string, unknown>>)[name] : undefined;
  }, answer);
  return typeof value === "number" ? value : Number.NaN;
}
