import { ValidationError } from "../base/errors.ts";
import type { DocumentRules } from "./document-rules.ts";
import { expandEnvironment } from "./environment.ts";
import { obstaclesIn, problemAt, readBy } from "./problems.ts";
import type { Flaw } from "./problems.ts";
import { name as nameSchema } from "./schema-parts.ts";
import { serviceSchema } from "./service-schema.ts";
import type { Service } from "./service.ts";

/**
 * Reads a service's document, with its variables put in. `rules`: what the file lets it do; absent:
 * it may use no variable, and anything else that its own schema allows.
 * @throws ValidationError with every problem in it.
 */
export function readService(name: string, document: unknown, rules?: DocumentRules): Service {
  const nameRead = readBy(nameSchema, name);
  if (nameRead.kind === "wrong") throw new ValidationError("service name", nameRead.problems);
  const obstacles = obstaclesIn(document);
  if (obstacles.length > 0) throw new ValidationError(`service ${name}`, obstacles);
  const expanded = expandEnvironment(document, rules?.environment ?? {});
  refuse(name, expanded.flaws);
  const origin = { written: document, lone: expanded.lone };
  const read = readBy(serviceSchema, expanded.document, origin);
  if (read.kind === "wrong") throw new ValidationError(`service ${name}`, read.problems);
  refuse(name, rules?.check(name, read.value) ?? []);
  return read.value;
}

function refuse(name: string, flaws: readonly Flaw[]): void {
  if (flaws.length === 0) return;
  const problems = flaws.map((flaw) => problemAt(flaw));
  throw new ValidationError(`service ${name}`, problems);
}
