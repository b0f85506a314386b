import {
  type AttentionCache,
  type AttentionPattern,
  CachePlan,
  type KeyValueCache,
  neighbourTable,
  type RotaryTable,
  type SelectedRows,
  selectRows,
} from "@nuwa/attention-3dna";
import { type Grid, tokenCount } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import type { Condition } from "./condition.ts";
import type { EncoderDecoder } from "./model.ts";
import { rotaryOf, rotaryRows, rotaryTensors } from "./rotary.ts";
import type { DecodeStep } from "./schedule.ts";
import { shiftedIndices } from "./shift.ts";

/** Keys and values of some rows' conditions, for each layer. */
interface CrossGroup {
  readonly count: number;
  readonly grid: Grid;
  readonly pattern: AttentionPattern;
  readonly layers: readonly KeyValueCache[];
}

/** Runs the decoder step by step against caches. Dispose it, also after an error. */
export class StepDecoder {
  readonly #model: EncoderDecoder;
  readonly #grid: Grid;
  readonly #inputs: Int32Array[];
  readonly #plan: CachePlan;
  readonly #caches: readonly AttentionCache[];
  readonly #positions: tf.Tensor2D;
  readonly #rotary: RotaryTable | undefined;
  readonly #cross: CrossGroup[];
  /** All that it made and frees. */
  readonly #owned: { dispose(): void }[] = [];

  /** @param conditions one for each row; the same object in neighbouring rows is encoded once */
  constructor(
    model: EncoderDecoder,
    grid: Grid,
    conditions: readonly Condition[],
    steps: readonly DecodeStep[],
  ) {
    this.#model = model;
    this.#grid = grid;
    this.#inputs = shiftedIndices(model.config.shift, grid);
    this.#plan = new CachePlan(
      neighbourTable(model.decoderPattern, { queryGrid: grid, causal: true }),
      steps.map(({ positions }) => positions),
    );
    const size = { rows: conditions.length, slots: this.#plan.slots };
    const own = <Item extends { dispose(): void }>(item: Item): Item => {
      this.#owned.push(item);
      return item;
    };
    try {
      this.#cross = crossGroups(model, conditions, own);
      this.#caches = model.decoder.blocks.map(({ selfAttention }) => own(selfAttention.cache(size)));
      this.#positions = own(tf.keep(model.targets.positions.apply(grid)));
      this.#rotary = rotaryOf(model.config, grid);
      for (const table of rotaryTensors(this.#rotary)) own(table);
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  /**
   * Computes a step's positions and the logits of its unknown tokens.
   *
   * @param codes `[rows][tokens]`, known as far as the step needs them
   * @returns `[rows, unknown, codebookSize]`, which the caller disposes
   */
  step({ positions, unknown }: DecodeStep, codes: readonly Int32Array[]): tf.Tensor3D {
    const { targets, decoder, head } = this.#model;
    const step = this.#plan.advance();
    return tf.tidy(() => {
      const indices = tf.tensor1d(positions, "int32");
      const places = tf.gather(this.#positions, indices);
      const rotary = rotaryRows(this.#rotary, indices);
      const cross = this.#cross.map((group) => ({ group, rows: this.#crossRows(group, positions) }));
      let x = targets.lookUp(this.#inputCodes(positions, codes), places); // [rows, p, dim]
      decoder.blocks.forEach((block, layer) => {
        x = block.step(x, {
          grid: this.#grid,
          pattern: this.#model.decoderPattern,
          cache: this.#caches[layer],
          step,
          rotary,
          cross: cross.map(({ group, rows }) => ({
            memory: group.layers[layer],
            rows,
            count: group.count,
          })),
        });
      });
      const sampled = Int32Array.from(unknown, (token) => positions.indexOf(token));
      const last = sampled.length === positions.length ? x : tf.gather(x, tf.tensor1d(sampled, "int32"), 1);
      return head.apply(decoder.norm.apply(last)) as tf.Tensor3D;
    });
  }

  dispose(): void {
    for (const item of this.#owned) item.dispose();
  }

  #inputCodes(positions: Int32Array, codes: readonly Int32Array[]): tf.Tensor[] {
    const border = tokenCount(this.#grid);
    return this.#inputs.map((input) => {
      const read = new Int32Array(codes.length * positions.length);
      codes.forEach((row, index) => {
        positions.forEach((position, place) => {
          const token = input[position];
          const code = token === border ? this.#model.config.codebookSize : row[token];
          read[index * positions.length + place] = code;
        });
      });
      return tf.tensor2d(read, [codes.length, positions.length], "int32");
    });
  }

  #crossRows({ pattern, grid }: CrossGroup, positions: Int32Array): SelectedRows {
    return selectRows(neighbourTable(pattern, { queryGrid: this.#grid, keyGrid: grid }), positions);
  }
}

/** @param own takes each memory that is made, also where a later one cannot be */
function crossGroups(
  model: EncoderDecoder,
  conditions: readonly Condition[],
  own: (memory: KeyValueCache) => KeyValueCache,
): CrossGroup[] {
  const runs: { condition: Condition; count: number }[] = [];
  for (const condition of conditions) {
    const last = runs.at(-1);
    if (last?.condition === condition) last.count++;
    else runs.push({ condition, count: 1 });
  }
  const encoded = model.encode(runs.map(({ condition }) => condition));
  try {
    let start = 0;
    return encoded.map(({ hidden, count, grid, pattern }) => {
      const repeats = runs.slice(start, (start += count)).map((run) => run.count);
      const rows = Int32Array.from(repeats.flatMap((repeat, run) => new Array<number>(repeat).fill(run)));
      const repeated = rows.length === count ? undefined : rows;
      const layers = model.decoder.blocks.map(({ crossAttention }) =>
        own(crossAttention.memory(hidden, repeated)),
      );
      return { count: rows.length, grid, pattern, layers };
    });
  } finally {
    tf.dispose(encoded.map(({ hidden }) => hidden));
  }
}
