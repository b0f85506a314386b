import { ensureGradients, NuwaError } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import type { Run } from "./case.ts";
import { cases } from "./cases/index.ts";
import { maxError } from "./compare.ts";
import { type CaseTensors, readFixture, upload } from "./fixture.ts";
import { looser } from "./looser.ts";

export interface ConformanceRow {
  /** The case's name, followed by ", gradient" for its gradients. */
  readonly case: string;
  /** Largest error relative to max(1, |expected|); infinite where nothing comparable came. */
  readonly maxError: number;
  readonly ok: boolean;
  /** What went wrong besides. */
  readonly note?: string;
}

/** Errors above this fail, but for those that looser.ts allows more. */
export const tolerance = 2e-5;

/**
 * Runs every case on the current tfjs backend and compares values, gradients, shapes, dtypes, and the number
 * of tensors left behind with PyTorch's.
 *
 * @param backend the name under which looser.ts lists it
 * @param fixture the file that tooling/oracle/conformance.py writes
 * @throws NuwaError `FILE` when the fixture holds other cases than the code
 */
export async function runConformance(backend: string, fixture: Uint8Array): Promise<ConformanceRow[]> {
  ensureGradients();
  const expected = readFixture(fixture);
  checkNames([...expected.keys()], Object.keys(cases));
  const rows: ConformanceRow[] = [];
  for (const [name, run] of Object.entries(cases)) {
    const tensors = expected.get(name)!;
    rows.push(await row(backend, name, () => valueError(run, tensors)));
    if (tensors.grad.length > 0) {
      rows.push(await row(backend, `${name}, gradient`, () => gradientError(run, tensors)));
    }
  }
  return rows;
}

async function row(backend: string, name: string, measure: () => Promise<number>): Promise<ConformanceRow> {
  const limit = looser[backend]?.[name] ?? tolerance;
  const result = (maxError: number, problem?: string): ConformanceRow => {
    const ok = maxError <= limit && problem === undefined;
    return { case: name, maxError, ok, ...(problem && { note: problem }) };
  };
  const before = tf.memory().numTensors;
  try {
    const error = await measure();
    const left = tf.memory().numTensors - before;
    return result(error, left === 0 ? undefined : `${left} tensors left behind`);
  } catch (cause) {
    return result(Number.POSITIVE_INFINITY, cause instanceof Error ? cause.message : String(cause));
  }
}

async function valueError(run: Run, tensors: CaseTensors): Promise<number> {
  const inputs = tensors.in.map((input) => upload(input!));
  try {
    const outputs = tf.tidy(() => [run(...inputs)].flat());
    return await worstOf(outputs, tensors.out);
  } finally {
    tf.dispose(inputs);
  }
}

async function gradientError(run: Run, tensors: CaseTensors): Promise<number> {
  const inputs = tensors.in.map((input) => upload(input!));
  const wanted = inputs.filter((_, index) => tensors.grad[index] !== undefined);
  try {
    const gradients = tf.tidy(() => {
      const seeds = tensors.seed.map((seed) => upload(seed!));
      const loss = () => {
        const outputs = [run(...inputs)].flat();
        return tf.addN(outputs.map((output, index) => tf.sum(tf.mul(output, seeds[index])))) as tf.Scalar;
      };
      return tf.engine().gradients(loss, wanted, undefined, true).grads;
    });
    if (gradients.includes(null as never)) throw new Error("an input got no gradient");
    return await worstOf(gradients, tensors.grad);
  } finally {
    tf.dispose(inputs);
  }
}

/** The largest error of several tensors, which it disposes. */
async function worstOf(actual: tf.Tensor[], expected: CaseTensors["out"]): Promise<number> {
  const wanted = expected.filter((tensor) => tensor !== undefined);
  try {
    if (actual.length !== wanted.length)
      throw new Error(`${actual.length} tensors came, not ${wanted.length}`);
    let worst = 0;
    for (const [index, tensor] of actual.entries())
      worst = Math.max(worst, await maxError(tensor, wanted[index]));
    return worst;
  } finally {
    tf.dispose(actual);
  }
}

function checkNames(inFixture: readonly string[], inCode: readonly string[]): void {
  const missing = inCode.filter((name) => !inFixture.includes(name));
  const unknown = inFixture.filter((name) => !inCode.includes(name));
  if (missing.length + unknown.length === 0) return;
  throw new NuwaError(
    "FILE",
    `conformance fixture: missing [${missing.join("; ")}], unknown [${unknown.join("; ")}]. ` +
      "Run tooling/oracle/conformance.py.",
  );
}
