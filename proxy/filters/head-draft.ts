import { readFilterAnswer } from "./filter-answer.ts";
import type { AnswerDraft } from "./filter-answer.ts";
import { FilterMisuseError } from "./field-rules.ts";
import type {
  FilterAnswer,
  FilterHeaders,
  FilterRequest,
  FilterResponse,
} from "./filter-module.ts";
import { HeadEditor } from "./head-editor.ts";
import type { HeadLines } from "./head-editor.ts";

/** What a filter has done so far. */
type Moment = {
  readonly lines: HeadLines;
  readonly answer: AnswerDraft | undefined;
  readonly version: string | undefined;
};

/** A head that filters work on; what one of them does can be undone as a whole. */
export class HeadDraft {
  readonly editor: HeadEditor;
  /** The answer instead of the service's. undefined: the request continues. */
  answer: AnswerDraft | undefined;
  /** The version that a filter has chosen. */
  version: string | undefined;
  #isOpen = true;

  /** `text`: the finished head as latin1 text. */
  constructor(text: string) {
    this.editor = new HeadEditor(text);
  }

  /** Marks a state that restore() returns to. */
  save(): Moment {
    return { lines: this.editor.lines, answer: this.answer, version: this.version };
  }

  restore({ lines, answer, version }: Moment): void {
    this.editor.lines = lines;
    this.answer = answer;
    this.version = version;
  }

  /** From now on no filter can change it, whatever references it has kept. */
  close(): void {
    this.#isOpen = false;
  }

  /** @throws FilterMisuseError when the hooks have returned. */
  assertOpen(): void {
    if (this.#isOpen) return;
    throw new FilterMisuseError("Cannot change the head: the hook has returned, it is sent");
  }
}

/** What hooks get of a draft, and everything that they can reach. */
class Headers implements FilterHeaders {
  readonly #draft: HeadDraft;

  constructor(draft: HeadDraft) {
    this.#draft = draft;
  }

  header(name: string): string | undefined {
    return this.#draft.editor.value(name);
  }

  setHeader(name: string, value: string): void {
    this.#draft.assertOpen();
    this.#draft.editor.set(name, value);
  }

  appendHeader(name: string, value: string): void {
    this.#draft.assertOpen();
    this.#draft.editor.append(name, value);
  }

  removeHeader(name: string): void {
    this.#draft.assertOpen();
    this.#draft.editor.remove(name);
  }
}

/** What is known of a request besides its fields. */
export type RequestFacts = {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  /** Names of the versions that the service has now. */
  readonly versions: readonly string[];
};

/** A request as hooks get it. */
export class DraftRequest extends Headers implements FilterRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly #draft: HeadDraft;
  readonly #versions: readonly string[];

  constructor(draft: HeadDraft, facts: RequestFacts) {
    super(draft);
    this.#draft = draft;
    this.#versions = facts.versions;
    this.method = facts.method;
    this.path = facts.path;
    this.query = facts.query;
  }

  answer(answer: FilterAnswer): void {
    this.#draft.assertOpen();
    this.#draft.answer = readFilterAnswer(answer);
  }

  version(name: string): void {
    this.#draft.assertOpen();
    if (!this.#versions.includes(name)) {
      const wanted = `one of ${this.#versions.join(", ")}`;
      throw new FilterMisuseError(`Cannot choose version: wanted ${wanted}, found another`);
    }
    this.#draft.version = name;
  }
}

/** A response as hooks get it. */
export class DraftResponse extends Headers implements FilterResponse {
  readonly status: number;

  constructor(draft: HeadDraft, status: number) {
    super(draft);
    this.status = status;
  }
}
