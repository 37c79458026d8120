/** One instruction of a Dockerfile. */
export type Instruction = {
  /** In upper case: `COPY`. */
  readonly name: string;
  /** `--from=build` as `from: "build"`. */
  readonly flags: Readonly<Record<string, string>>;
  /** What follows, with its lines joined. */
  readonly text: string;
};

/** From one FROM to the next. */
export type Stage = {
  readonly image: string;
  /** After AS. undefined: it has none. */
  readonly name: string | undefined;
  readonly instructions: readonly Instruction[];
};

/**
 * Reads as much of Dockerfiles as ours uses: no heredocs, parser directives or ARG before FROM.
 */
export function parseDockerfile(source: string): readonly Stage[] {
  const lines = source
    .split("\n")
    .filter((line) => !/^\s*(#|$)/.test(line))
    .join("\n")
    .replaceAll(/\\\n\s*/g, "")
    .split("\n");
  const stages: { image: string; name: string | undefined; instructions: Instruction[] }[] = [];
  for (const line of lines) {
    const instruction = parseInstruction(line);
    if (instruction.name === "FROM") {
      const [image = "", , name] = instruction.text.split(/\s+/);
      stages.push({ image, name, instructions: [] });
    } else {
      stages.at(-1)?.instructions.push(instruction);
    }
  }
  return stages;
}

function parseInstruction(line: string): Instruction {
  const [, name = "", rest = ""] = /^(\w+)\s+(.*)$/.exec(line) ?? [];
  const [flagText = ""] = /^(--\S+\s+)*/.exec(rest) ?? [];
  const flags = [...flagText.matchAll(/--([\w-]+)=(\S+)/g)].map(([, key, value]) => [key, value]);
  const text = rest.slice(flagText.length).trim();
  return { name: name.toUpperCase(), flags: Object.fromEntries(flags), text };
}

/** The words of an instruction in exec form. @throws when it is in shell form. */
export function execForm(text: string): readonly string[] {
  return JSON.parse(text) as readonly string[];
}
