import { NuwaError } from "@nuwa/tensor3d";

export interface CompileOptions {
  /**
   * How many records are kept, one for each list of input shapes and types. A further one releases the one that was not
   * used for the longest time. Default 8.
   */
  readonly records?: number;
  /** Runs every call both ways and throws where they differ by more than 1e-5 of a tensor's largest element. Default false. */
  readonly debug?: boolean;
}

/** @throws NuwaError `CONFIG` */
export function checkOptions({ records = 8, debug = false }: CompileOptions): Required<CompileOptions> {
  if (!Number.isInteger(records) || records < 1) {
    throw new NuwaError("CONFIG", `compile: records must be a whole number of at least 1, got ${records}.`);
  }
  return { records, debug };
}
