import { computed, signal } from "@preact/signals";
import type { ReadonlySignal } from "@preact/signals";
import type { Plan } from "../api/plan.ts";
import { CallError, pathOfService, wordsOf } from "./call.ts";
import type { Call } from "./call.ts";

/** What a draft would do, as far as that is known. */
export type PlanState =
  | { readonly kind: "none" }
  | { readonly kind: "asked" }
  | {
      readonly kind: "known";
      readonly plan: Plan;
      readonly note: string;
      /** Whether it takes the weights over from a rollout. */
      readonly takesOver: boolean;
    }
  | { readonly kind: "failed"; readonly reason: string };

/** How the last attempt to shift ended. */
export type ShiftOutcome =
  | { readonly kind: "none" | "sent" }
  | { readonly kind: "done"; readonly revision: number }
  | { readonly kind: "refused"; readonly reason: string; readonly code: string };

/** A shift that somebody is about to make: it can be sent once its plan has been seen. */
export class ShiftDraft {
  readonly #service: string;
  readonly #call: Call;
  readonly #version = signal("");
  readonly #percent = signal<number | undefined>(undefined);
  readonly #plan = signal<PlanState>({ kind: "none" });
  readonly #outcome = signal<ShiftOutcome>({ kind: "none" });
  /** Why; for the audit log. */
  readonly reason = signal("");
  /** Even if nothing would serve then. */
  readonly force = signal(false);
  /** When it is taken back unless somebody confirms it, such as `5m`. "": it stays. */
  readonly confirmWithin = signal("");
  /** Whether it may be sent: its plan is there, and a forced one says why. */
  readonly isReady: ReadonlySignal<boolean> = computed(() => {
    const plan = this.#plan.value;
    if (plan.kind !== "known" || this.#outcome.value.kind === "sent") return false;
    const codes = plan.plan.warnings.map(({ code }) => code);
    if (codes.includes("no_change")) return false;
    if (!codes.includes("nothing_would_serve")) return true;
    return this.force.value && this.reason.value.trim() !== "";
  });
  /** Which plan is waited for: answers of older ones are too late. */
  #asked = 0;

  constructor(service: string, version: string, call: Call) {
    this.#service = service;
    this.#version.value = version;
    this.#call = call;
  }

  /** The version whose share is set. */
  get version(): string {
    return this.#version.value;
  }

  /** 0 … 100. undefined: nobody has chosen one. */
  get percent(): number | undefined {
    return this.#percent.value;
  }

  get plan(): PlanState {
    return this.#plan.value;
  }

  get outcome(): ShiftOutcome {
    return this.#outcome.value;
  }

  /** Shows a share that is still being chosen: what is planned is not for it. */
  move(percent: number): void {
    this.#asked += 1;
    this.#percent.value = percent;
    this.#plan.value = { kind: "asked" };
    this.#outcome.value = { kind: "none" };
  }

  /** Chooses a share of a version, and asks what that would do. */
  async choose(version: string, percent: number | undefined): Promise<void> {
    this.#version.value = version;
    this.#percent.value = percent;
    this.#outcome.value = { kind: "none" };
    this.force.value = false;
    await this.#ask("");
  }

  /**
   * Sends it, for the revision of its plan, taking over from a rollout if that was planned. If
   * somebody was faster, or a rollout has begun, it is planned anew.
   */
  async send(): Promise<void> {
    const plan = this.#plan.value;
    if (plan.kind !== "known" || !this.isReady.value) return;
    this.#outcome.value = { kind: "sent" };
    try {
      const { revision } = await this.#call<{ readonly revision: number }>(
        "PATCH",
        pathOfService(this.#service, "weights") + this.#query(plan.takesOver),
        { body: this.#body(), revision: plan.plan.revision, reason: this.reason.value },
      );
      this.#outcome.value = { kind: "done", revision };
      this.#percent.value = undefined;
      this.#plan.value = { kind: "none" };
      this.reason.value = "";
    } catch (error) {
      await this.#refused(error);
    }
  }

  async #refused(error: unknown): Promise<void> {
    const code = error instanceof CallError ? error.code : "";
    this.#outcome.value = { kind: "refused", reason: wordsOf(error), code };
    const revision = error instanceof CallError ? error.revision : undefined;
    if (code === "rollout_owns") await this.#ask("");
    if (code !== "revision_conflict") return;
    await this.#ask(`Somebody was faster: this is the plan for revision ${revision ?? "now"}.`);
  }

  #query(takeOver: boolean): string {
    const within = this.confirmWithin.value;
    const on = [
      ...(this.force.value ? ["force=true"] : []),
      ...(takeOver ? ["takeOver=true"] : []),
      ...(within === "" ? [] : [`confirmWithin=${within}`]),
    ];
    return on.length === 0 ? "" : `?${on.join("&")}`;
  }

  #body(): Record<string, string> {
    return { [this.#version.value]: `${this.#percent.value ?? 0}%` };
  }

  async #ask(note: string): Promise<void> {
    const asked = (this.#asked += 1);
    if (this.#percent.value === undefined) {
      this.#plan.value = { kind: "none" };
      return;
    }
    this.#plan.value = { kind: "asked" };
    const state = await this.#planned(note);
    if (asked === this.#asked) this.#plan.value = state;
  }

  /** What it would do; where a rollout looks after the weights, what taking over would do. */
  async #planned(note: string, takesOver: boolean = false): Promise<PlanState> {
    const path = pathOfService(this.#service, "plan") + (takesOver ? "?takeOver=true" : "");
    try {
      const plan = await this.#call<Plan>("POST", path, { body: this.#body() });
      return { kind: "known", plan, note, takesOver };
    } catch (error) {
      const isOwned = error instanceof CallError && error.code === "rollout_owns";
      if (isOwned && !takesOver) return this.#planned(note, true);
      return { kind: "failed", reason: wordsOf(error) };
    }
  }
}
