import type { Mode } from "@nuwa/backends";

/** The mode in which a section `train` has its steps compiled; undefined where they run as they are. */
export function compileMode(compile: boolean | Mode): Mode | undefined {
  return compile === true ? "graph" : compile || undefined;
}
