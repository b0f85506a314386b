import { NuwaError } from "@nuwa/tensor3d";

/** `graph` optimizes functions and runs their operations; `xla` compiles each function to machine code. */
export type Mode = "graph" | "xla" | "auto";

const MODES: readonly Mode[] = ["graph", "xla", "auto"];

export interface CompileOptions {
  /**
   * How functions run. `xla` takes seconds at a step's third call, knows fewer operations, and keeps the machine code of each
   * new list of input shapes, some megabytes, until the process ends; `auto` tries both for each function in the first
   * eight calls of a record and keeps the faster one. Default `graph`.
   */
  readonly mode?: Mode;
  /**
   * How many records are kept, one for each list of input shapes and types. A further one releases the one that was not
   * used for the longest time. Default 8.
   */
  readonly records?: number;
  /** Runs every call both ways and throws where they differ by more than 1e-5 of a tensor's largest element. Default false. */
  readonly debug?: boolean;
}

/** @throws NuwaError `CONFIG` */
export function checkOptions({
  mode = "graph",
  records = 8,
  debug = false,
}: CompileOptions): Required<CompileOptions> {
  if (!Number.isInteger(records) || records < 1) {
    throw new NuwaError("CONFIG", `compile: records must be a whole number of at least 1, got ${records}.`);
  }
  if (!MODES.includes(mode)) {
    throw new NuwaError("CONFIG", `compile: mode must be one of ${MODES.join(", ")}, got ${mode}.`);
  }
  return { mode, records, debug };
}
