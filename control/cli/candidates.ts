import { Help } from "commander";
import type { Argument, Command, Option } from "commander";
import type { ServiceView } from "../views/service-view.ts";
import { servicePath } from "./client.ts";
import type { ApiClient } from "./client.ts";

/** Said in the place of candidates where the shell's own names of files are wanted. */
const FILES = ":files";

/** How long the API may take to give names: a key has been pressed. */
const NAMES_TIMEOUT_MS = 1000;

/** Where in a command line the last word stands. */
type Place = {
  readonly command: Command;
  /** The option whose value it is. */
  readonly valueOf: Option | undefined;
  /** Arguments of the command before it. */
  readonly given: number;
};

/**
 * What the last of the words, which may be empty, can become. `words`: without the program's name.
 * `client`: gives the names of services; if it cannot, there are none.
 */
export async function candidates(
  program: Command,
  words: readonly string[],
  client: ApiClient,
): Promise<readonly string[]> {
  const word = words.at(-1) ?? "";
  const { command, valueOf, given } = placeOf(program, words.slice(0, -1));
  const all = await allAt({ command, valueOf, given }, word, client);
  return all.filter((each) => each === FILES || each.startsWith(word));
}

function placeOf(program: Command, before: readonly string[]): Place {
  let command = program;
  let valueOf: Option | undefined;
  let given = 0;
  for (const word of before) {
    const inner = command.commands.find((each) => each.name() === word);
    if (valueOf !== undefined) valueOf = undefined;
    else if (word.startsWith("-")) valueOf = optionWithValue(command, word);
    else if (inner === undefined) given += 1;
    else [command, given] = [inner, 0];
  }
  return { command, valueOf, given };
}

function optionWithValue(command: Command, word: string): Option | undefined {
  return optionsOf(command).find((each) => each.required && [each.short, each.long].includes(word));
}

/** Those of the command and of all above it. */
function optionsOf(command: Command): readonly Option[] {
  const own = new Help().visibleOptions(command);
  return command.parent === null ? own : [...own, ...optionsOf(command.parent)];
}

async function allAt(place: Place, word: string, client: ApiClient): Promise<readonly string[]> {
  const { command, valueOf, given } = place;
  if (valueOf !== undefined) return valuesOf(valueOf, client);
  if (word.startsWith("-")) return [...new Set(optionsOf(command).map(({ long }) => long ?? ""))];
  const { registeredArguments: known } = command;
  const last = known.at(-1);
  const argument = known[given] ?? (last?.variadic === true ? last : undefined);
  const inner = given === 0 ? new Help().visibleCommands(command) : [];
  const names = inner.map((each) => each.name());
  return [...names, ...(argument === undefined ? [] : await valuesOf(argument, client))];
}

/** By what the help calls it: `<file>`, `<service>`, `<service/version[/endpoint]>`. */
async function valuesOf(value: Argument | Option, client: ApiClient): Promise<readonly string[]> {
  if (value.argChoices !== undefined) return value.argChoices;
  const name = "flags" in value ? value.flags : value.name();
  if (name.includes("file")) return [FILES];
  if (!/service|weights/.test(name)) return [];
  const services = await servicesOf(client);
  if (name.startsWith("weights")) {
    const versions = services.flatMap((each) => Object.keys(each.versions));
    return [...new Set(versions)].map((version) => `${version}=`);
  }
  return name.includes("/") ? services.flatMap(targetsOf) : services.map((each) => each.name);
}

async function servicesOf(client: ApiClient): Promise<readonly ServiceView[]> {
  try {
    const endsBy = AbortSignal.timeout(NAMES_TIMEOUT_MS);
    const table = await client.get<{ services: readonly ServiceView[] }>(servicePath(), { endsBy });
    return table.services;
  } catch {
    // A message would stand in the middle of the line that is being typed.
    return [];
  }
}

/** The versions of a service, and their endpoints. */
function targetsOf({ name, versions }: ServiceView): readonly string[] {
  return Object.entries(versions).flatMap(([version, { endpoints }]) => {
    const target = `${name}/${version}`;
    return [target, ...endpoints.map(({ address }) => `${target}/${address}`)];
  });
}
