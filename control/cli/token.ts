import { createHash, randomBytes } from "node:crypto";
import { Option } from "commander";
import type { Command } from "commander";
import { systemClock } from "../../proxy/base/clock.ts";
import { ROLES } from "../base/roles.ts";
import { usageError } from "./cli-error.ts";
import { print } from "./commands.ts";
import type { CliContext } from "./commands.ts";
import { readExpiry } from "./expiry.ts";
import { writeNewSecret } from "./new-secret-file.ts";

/** Bytes of chance in a token: nobody guesses 256 bits, so that a plain hash of it is enough. */
const TOKEN_BYTES = 32;

type NewOptions = {
  readonly role: string;
  readonly service?: readonly string[];
  readonly expires?: string;
  readonly out?: string;
};

/** An element of `control.auth.tokens`. */
type TokenEntry = {
  readonly name: string;
  readonly role: string;
  /** undefined: all of them. */
  readonly services: readonly string[] | undefined;
  readonly sha256: string;
  /** undefined: never. */
  readonly expires: string | undefined;
};

/** `sluice token new ci --role shift --service web`: makes a token for the control API. */
export function addToken(program: Command, context: CliContext): void {
  const group = program.command("token").description("make tokens for the control API");
  group
    .command("new")
    .description("make a token, and print it once with its entry for the configuration")
    .argument("<name>", "whose it is, for the audit log; such as ci")
    .addOption(new Option("--role <role>", "what it may do").choices(ROLES).makeOptionMandatory())
    .option("--service <service>", "only with this service; again for more", collect)
    .option("--expires <when>", "after a time such as 90d, or on a date such as 2027-01-01")
    .option("--out <file>", "write the token to this new file, for its owner only (mode 0600)")
    .action(async (name: string, options: NewOptions, command: Command) => {
      const made = await makeToken(name, options);
      const { token, entry } = made;
      if (options.out !== undefined) await writeNewSecret("the token", options.out, `${token}\n`);
      const shown = options.out === undefined ? made : { entry };
      // Loaded only here, and below: the other commands start sooner without it.
      const { stringify } = await import("yaml");
      const yaml = stringify([entry]).trimEnd();
      print(command, context, shown, () => madeText(yaml, shown === made ? token : undefined));
    });
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

async function makeToken(
  name: string,
  { role, service, expires }: NewOptions,
): Promise<{ readonly token: string; readonly entry: TokenEntry }> {
  await assertName("a token", name);
  for (const each of service ?? []) await assertName("a service", each);
  if (role === "read" && service !== undefined) {
    const wanted = "a role that changes services, since every role may look at all of them";
    throw usageError(`Cannot limit a token to services: wanted ${wanted}, found role read`);
  }
  const token = `sluice_${randomBytes(TOKEN_BYTES).toString("base64url")}`;
  const sha256 = createHash("sha256").update(token).digest("hex");
  const until = expires === undefined ? undefined : readExpiry(expires, systemClock.wallMs());
  return { token, entry: { name, role, services: service, sha256, expires: until } };
}

/** The sidecar would not read the entry otherwise. */
async function assertName(what: string, written: string): Promise<void> {
  const { name: nameSchema } = await import("../config/schema-parts.ts");
  const [issue] = nameSchema.safeParse(written).error?.issues ?? [];
  if (issue === undefined) return;
  const found = JSON.stringify(written);
  throw usageError(`Cannot name ${what}: wanted ${issue.message}, found ${found}`);
}

/** Where the token went to a file, this is YAML, to be appended to another. `yaml`: its entry. */
function madeText(yaml: string, token: string | undefined): string {
  if (token === undefined) return yaml;
  return [token, "", "# Keep it: nothing can show it again. For control.auth.tokens:", yaml].join(
    "\n",
  );
}
