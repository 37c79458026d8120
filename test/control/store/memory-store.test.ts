import { MemoryStore } from "../../../control/store/memory-store.ts";
import { describeStore } from "../../cases/store-cases.ts";

describeStore("memory", () => Promise.resolve(new MemoryStore()));
