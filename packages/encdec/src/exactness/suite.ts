import { Rng } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { loud } from "../fixtures/tiny.ts";
import { type GenerateBatchOptions, generateBatch } from "../generate.ts";
import { EncoderDecoder } from "../model.ts";
import { isExcused } from "./excuse.ts";
import { type RandomCase, randomCase } from "./random-case.ts";
import { type Replay, replay } from "./replay.ts";

/** The most that cached logits may differ from those of one pass over all tokens, relative to a token's largest. */
const TOLERANCE = 1e-4;

export interface ExactnessReport {
  /** A line for each case that is wrong, with its seed. */
  readonly failures: string[];
  /** Decoded tokens that were compared: all up to the first difference. */
  tokens: number;
  /** Differences that rounding explains. */
  excused: number;
}

/**
 * Generates with random models on the current backend, in parallel steps and token by token: the codes must be the same
 * (see `isExcused`), and the logits of both those of one pass over all tokens. Counts tensors, too.
 *
 * @param cases each is drawn from a seed of its own, from `first` on
 */
export async function checkExactness(cases: number, first = 1): Promise<ExactnessReport> {
  const report: ExactnessReport = { failures: [], tokens: 0, excused: 0 };
  for (let seed = first; seed < first + cases; seed++) {
    const drawn = randomCase(new Rng(seed).fork("case"));
    const before = tf.memory().numTensors;
    const problems = await problemsOf(drawn, seed, report);
    const left = tf.memory().numTensors - before;
    if (left !== 0) problems.push(`${left} tensors left behind`);
    if (problems.length > 0) report.failures.push(`seed ${seed}: ${problems.join("; ")} (${drawn.name})`);
  }
  const allowed = Math.ceil(report.tokens / 10_000);
  if (report.excused > allowed)
    report.failures.push(`${report.excused} differences by rounding among ${report.tokens} tokens`);
  return report;
}

async function problemsOf(
  { config, options }: RandomCase,
  seed: number,
  report: ExactnessReport,
): Promise<string[]> {
  const model = loud(EncoderDecoder.create(config, new Rng(seed)), seed);
  try {
    const parallel = await generateBatch(model, { ...options, schedule: "parallel" });
    const sequential = await generateBatch(model, { ...options, schedule: "sequential" });
    const replays = [
      await replay(model, options, "parallel", parallel),
      await replay(model, options, "sequential", sequential),
    ] as const;
    const problems: string[] = [];
    const error = Math.max(...replays.map((one) => one.error));
    if (error > TOLERANCE) problems.push(`cached logits are off by ${error} of the largest`);
    parallel.forEach((codes, row) => {
      if (!keepsKnown(options, row, codes)) problems.push(`row ${row} lost given tokens`);
      const token = codes.findIndex((code, place) => code !== sequential[row][place]);
      report.tokens += comparedTokens(options, codes.slice(0, token < 0 ? codes.length : token + 1));
      if (token < 0) return;
      if (explained(options, replays, { row, token, codes: [codes[token], sequential[row][token]] }))
        report.excused++;
      else problems.push(`row ${row} differs at token ${token}`);
    });
    return problems;
  } finally {
    model.dispose();
  }
}

function keepsKnown({ known }: GenerateBatchOptions, row: number, codes: Int32Array): boolean {
  if (!known) return true;
  const given = known.codes instanceof Int32Array ? known.codes : known.codes[row];
  return codes.every((code, token) => !known.mask[token] || code === given[token]);
}

function comparedTokens({ known }: GenerateBatchOptions, codes: Int32Array): number {
  return codes.filter((_, token) => !known?.mask[token]).length;
}

function explained(
  { sampler = {} }: GenerateBatchOptions,
  [parallel, sequential]: readonly [Replay, Replay],
  { row, token, codes }: { row: number; token: number; codes: readonly [number, number] },
): boolean {
  const logits = [parallel.logitsOf(row, token), sequential.logitsOf(row, token)] as const;
  const noise = new Rng(sampler.seed ?? 0).fork("sample", row).fork(token).gumbel(logits[0].length);
  return isExcused({ codes, logits, sampler, noise });
}
