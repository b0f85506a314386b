import { useBackend } from "@nuwa/backends";
import { type PageBackend, useOnPage } from "@nuwa/testing/page";
import { kernelThreads, prepareKernels } from "../../kernels/wasm/prepare.ts";
import { rotaryFailures } from "../rotary.ts";
import { equivalenceFailures, largeScoresFailures } from "../suite.ts";

export interface CheckRequest {
  readonly backend: PageBackend;
  readonly cases: number;
  /** Calls `prepareKernels` first. */
  readonly prepare: boolean;
}

export interface CheckResult {
  readonly failures: readonly string[];
  readonly threads: number;
}

/** The same on a page and in a worker. */
export async function check({ backend, cases, prepare }: CheckRequest): Promise<CheckResult> {
  await useOnPage(useBackend, backend);
  if (prepare) await prepareKernels();
  const failures = [
    ...(await equivalenceFailures({ cases })),
    ...(await largeScoresFailures()),
    ...(await rotaryFailures()),
  ];
  return { failures, threads: kernelThreads() };
}
