import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { errorText } from "../../proxy/base/error-text.ts";
import { ConfigError } from "../base/errors.ts";
import type { Replayed, ReplayDifference } from "../rollout/replay.ts";
import type { PolicyRequest } from "../rollout/rollout-schema.ts";
import { CliError, configRefusal, EXIT } from "./cli-error.ts";
import { print } from "./commands.ts";
import type { CliContext } from "./commands.ts";

/** Differences of one rollout that are shown: the first says most. */
const DIFFERENCES_SHOWN_MAX = 10;

type Report = {
  /** Line of a file that does not follow from the one before. Absent: all do. */
  readonly broken?: { readonly file: string; readonly line: number } | undefined;
  /** Looks at rollouts whose beginning is in none of the files. */
  readonly unbegun: number;
  readonly rollouts: readonly Replayed[];
};

/** `sluice rollout replay FILE`: decides again by what was seen, by any policy. */
export function addReplay(rollout: Command, context: CliContext): void {
  rollout
    .command("replay")
    .description("decide again what a log holds; fails if the same policy decides otherwise")
    .argument("<files...>", "a decision log of rollouts, and those that follow it")
    .option("--policy <file>", "a policy in YAML, instead of the one of each rollout")
    .action(
      async (files: readonly string[], options: { readonly policy?: string }, command: Command) => {
        const policy = options.policy === undefined ? undefined : await readPolicy(options.policy);
        const report = await replayed(files, policy);
        print(command, context, report, reportText);
        const isOther = report.rollouts.some(({ differences }) => differences.length > 0);
        if (report.broken !== undefined || (isOther && policy === undefined)) {
          context.exitWith(EXIT.failed);
        }
      },
    );
}

async function replayed(
  files: readonly string[],
  policy: PolicyRequest | undefined,
): Promise<Report> {
  // Loaded only here, and below: the other commands start sooner without them.
  const { readChain } = await import("../rollout/decision-log.ts");
  const { readLookEntry } = await import("../rollout/look-entry-schema.ts");
  const { policyOf } = await import("../rollout/plan.ts");
  const { replayRollouts } = await import("../rollout/replay.ts");
  const lines: LogLine[] = [];
  for (const file of files) lines.push(...(await readLines(file)));
  const { entries, brokenAt } = readChain(lines.map(({ text }) => text));
  const looks = entries.map(readLookEntry).filter((each) => each !== undefined);
  const rollouts = replayRollouts(looks, ({ spec }) => {
    return policy === undefined ? spec.policy : policyOf(policy);
  });
  const all = looks.filter(({ kind }) => kind === "look").length;
  const unbegun = all - rollouts.reduce((sum, each) => sum + each.looks, 0);
  const { file, line } = lines[(brokenAt ?? 0) - 1] ?? {};
  const broken = file === undefined || line === undefined ? undefined : { file, line };
  return { broken, unbegun, rollouts };
}

type LogLine = { readonly file: string; readonly line: number; readonly text: string };

/** Whole ones: a process that dies while it writes leaves a part of one at the end of its file. */
async function readLines(file: string): Promise<readonly LogLine[]> {
  const lines = (await readText(file)).split("\n").slice(0, -1);
  return lines.map((text, index) => ({ file, line: index + 1, text }));
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const message = `Cannot read ${file}: ${errorText(error)}`;
    throw new CliError("log_unreadable", message, { cause: error });
  }
}

/** @throws CliError config_invalid */
async function readPolicy(file: string): Promise<PolicyRequest> {
  const { readYaml } = await import("../config/yaml-text.ts");
  const { readBy } = await import("../config/problems.ts");
  const { policyRequest } = await import("../rollout/rollout-schema.ts");
  try {
    const { document } = readYaml(await readText(file), file);
    const read = readBy(policyRequest, document);
    if (read.kind === "wrong") throw new ConfigError(file, read.problems);
    return read.value;
  } catch (error) {
    return configRefusal(error);
  }
}

function reportText({ broken, unbegun, rollouts }: Report): string {
  const { file, line } = broken ?? {};
  const flaws =
    broken === undefined ? [] : [`Line ${line} of ${file} does not follow from the one before it`];
  const earlier =
    unbegun === 0
      ? []
      : [`${unbegun} looks are of rollouts that begin in an earlier file: name that one first`];
  const all = [...flaws, ...rollouts.flatMap(rolloutLines), ...earlier];
  return all.length === 0 ? "There is no rollout in it" : all.join("\n");
}

function rolloutLines({ id, looks, differences }: Replayed): readonly string[] {
  if (differences.length === 0) return [`${id}: ${looks} looks, all decided the same`];
  const shown = differences.slice(0, DIFFERENCES_SHOWN_MAX).map(differenceText);
  const more = differences.length - shown.length;
  return [
    `${id}: ${looks} looks, ${differences.length} decided otherwise`,
    ...shown,
    ...(more > 0 ? [`  and ${more} more`] : []),
  ];
}

function differenceText({ atMs, was, is }: ReplayDifference): string {
  const [before, after] = [was, is].map(({ kind, why }) => `${kind} (${why.rule}: ${why.text})`);
  return `  ${new Date(atMs).toISOString()} ${after}, and not ${before}`;
}
