import type { ReadConfig } from "./config-shape.ts";

type Binding = Pick<ReadConfig, "listeners" | "control" | "metrics">;

/** An address that the sidecar listens at. */
export type OwnBind = {
  /** In its canonical form. */
  readonly bind: string;
  /** Where it stands in the file. */
  readonly path: readonly (string | number)[];
  readonly isListener: boolean;
};

/** Where the sidecar listens. */
export function ownBinds({ listeners, control: api, metrics }: Binding): readonly OwnBind[] {
  const own = [
    { bind: api.bind, path: ["control", "bind"] },
    ...(metrics?.bind === undefined ? [] : [{ bind: metrics.bind, path: ["metrics", "bind"] }]),
  ];
  return [
    ...own.map((each) => ({ ...each, isListener: false })),
    ...listeners.map(({ bind }, index) => {
      return { bind, path: ["listeners", index, "bind"], isListener: true };
    }),
  ];
}
