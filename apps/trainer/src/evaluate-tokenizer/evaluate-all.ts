import { Rng } from "@nuwa/tensor3d";
import type { CommandContext } from "../command-context.ts";
import type { Embedding } from "./embedding.ts";
import { evaluatePictures, type TokenizerFigures } from "./evaluate.ts";
import type { OpenedTokenizer } from "./tokenizers.ts";

/** A tokenizer's figures on the drawings that it learnt from, and on others. */
export interface EvaluatedTokenizer extends OpenedTokenizer {
  readonly figures: { readonly trained: TokenizerFigures; readonly unseen?: TokenizerFigures };
}

export interface EvaluateAllOptions {
  /** Pictures of each kind. */
  readonly pictures: number;
  readonly seed: number;
  readonly embedding?: Embedding;
}

/** Evaluates one tokenizer after another, with progress. Those with the same data see the same pictures. */
export async function evaluateTokenizers(
  tokenizers: readonly OpenedTokenizer[],
  { pictures: count, seed, embedding }: EvaluateAllOptions,
  { console, signal }: CommandContext,
): Promise<EvaluatedTokenizer[]> {
  const evaluated: EvaluatedTokenizer[] = [];
  for (const opened of tokenizers) {
    const { label, tokenizer, trained, unseen } = opened;
    const figuresOn = async (group: "trained" | "unseen", set: typeof trained) => {
      const progress = console.progress(`${label}, ${group} drawings`, count, "pictures");
      const rng = new Rng(seed).fork("evaluate tokenizer", group);
      const onProgress = (done: number): void => progress.update(done);
      const options = { count, rng, embedding, signal, onProgress };
      return evaluatePictures(tokenizer, set, options).finally(progress.finish);
    };
    const figures = {
      trained: await figuresOn("trained", trained),
      ...(unseen && { unseen: await figuresOn("unseen", unseen) }),
    };
    evaluated.push({ ...opened, figures });
  }
  return evaluated;
}
