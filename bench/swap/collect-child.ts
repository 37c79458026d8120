import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * Loaded into every process of the sidecar by `--import`: collects all garbage on SIGWINCH, which
 * nothing in the product listens to. Twice, as the first pass may leave what has a finaliser.
 */
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

process.on("SIGWINCH", () => {
  collect();
  collect();
});
