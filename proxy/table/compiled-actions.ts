import { Cors } from "./cors.ts";
import { headEdit, linesOfPairs } from "./head-edit.ts";
import type { HeadEdit } from "./head-edit.ts";
import type {
  FaultPolicy,
  RedirectSnapshot,
  RouteActions,
  TargetRewrite,
} from "./route-actions.ts";
import type { PathMatch, RouteSnapshot } from "./snapshot.ts";

/** An answer that stands ready. */
export type ReadyAnswer = {
  readonly status: number;
  /** Field lines, each with its CRLF. */
  readonly fields: string;
  /** As latin1 text: one character a byte. */
  readonly body: string;
};

/** What a route does itself, compiled once with its table. */
export type CompiledActions = {
  /** What of a path a rewrite takes the place of. */
  readonly path: PathMatch | undefined;
  readonly rewrite: TargetRewrite | undefined;
  readonly request: HeadEdit | undefined;
  readonly response: HeadEdit | undefined;
  readonly redirect: RedirectSnapshot | undefined;
  readonly answer: ReadyAnswer | undefined;
  readonly cors: Cors | undefined;
  readonly faults: FaultPolicy | undefined;
};

/** Compiles the actions of a route. undefined: it has none, and its requests pay for none. */
export function compileActions({ actions, match }: RouteSnapshot): CompiledActions | undefined {
  if (actions === undefined) return undefined;
  const { rewrite, request, response, redirect, answer, cors, faults } = actions;
  return {
    path: match.path,
    rewrite,
    request: request && headEdit(request),
    response: response && headEdit(response),
    redirect,
    answer: answer && readyAnswer(answer),
    cors: cors && new Cors(cors),
    faults,
  };
}

function readyAnswer({ status, fields, body }: NonNullable<RouteActions["answer"]>): ReadyAnswer {
  const isTyped = body === "" || fields.some(([name]) => name === "content-type");
  const type = isTyped ? "" : "content-type: text/plain; charset=utf-8\r\n";
  return {
    status,
    fields: type + linesOfPairs(fields),
    body: Buffer.from(body, "utf8").toString("latin1"),
  };
}
