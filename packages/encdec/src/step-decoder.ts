import { type AttentionMemory, type AttentionPattern, MASKED, neighbourTable } from "@nuwa/attention-3dna";
import { type Grid, tokenCount } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { KeyValueCache } from "./cache.ts";
import { CacheLayout } from "./cache-layout.ts";
import type { Condition } from "./condition.ts";
import type { EncoderDecoder } from "./model.ts";
import type { AttendedPair, RelativeBias } from "./relative-bias.ts";
import type { DecodeStep } from "./schedule.ts";
import { shiftedIndices } from "./shift.ts";

/** Keys and values of some rows' conditions, for each layer. */
interface CrossGroup {
  readonly count: number;
  readonly grid: Grid;
  readonly pattern: AttentionPattern;
  readonly layers: readonly AttentionMemory[];
}

/** Runs the decoder step by step against caches. Dispose it, also after an error. */
export class StepDecoder {
  readonly #model: EncoderDecoder;
  readonly #grid: Grid;
  readonly #inputs: Int32Array[];
  readonly #layout: CacheLayout;
  readonly #cache: KeyValueCache;
  readonly #positions: tf.Tensor2D;
  readonly #cross: CrossGroup[];

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
    this.#layout = new CacheLayout(steps, model.decoderPattern, grid);
    this.#cache = new KeyValueCache(model.config.decoderLayers);
    this.#cross = crossGroups(model, conditions);
    this.#positions = tf.keep(model.targets.positions.apply(grid));
  }

  /**
   * Computes a step's positions and the logits of its unknown tokens.
   *
   * @param codes `[rows][tokens]`, known as far as the step needs them
   * @returns `[rows, unknown, codebookSize]`, which the caller disposes
   */
  step({ positions, unknown }: DecodeStep, codes: readonly Int32Array[]): tf.Tensor3D {
    const { targets, decoder, head } = this.#model;
    const cacheStep = this.#layout.advance(positions);
    return tf.tidy(() => {
      const places = tf.gather(this.#positions, tf.tensor1d(positions, "int32"));
      const cross = this.#cross.map((group) => ({ group, mask: this.#crossMask(group, positions) }));
      const ownMask = this.#ownMask(positions, cacheStep.tokens);
      let x = targets.lookUp(this.#inputCodes(positions, codes), places); // [rows, p, dim]
      decoder.blocks.forEach((block, layer) => {
        const y = block.attentionNorm.apply(x);
        const own = this.#cache.extend(layer, block.selfAttention.memory(y), cacheStep);
        const memories = cross.map(({ group, mask }) => ({
          memory: group.layers[layer],
          mask,
          count: group.count,
        }));
        x = block.step(x, y, { own, ownMask: ownMask(block.relativeBias), cross: memories });
      });
      const sampled = Int32Array.from(unknown, (token) => positions.indexOf(token));
      const last = sampled.length === positions.length ? x : tf.gather(x, tf.tensor1d(sampled, "int32"), 1);
      return head.apply(decoder.norm.apply(last)) as tf.Tensor3D;
    });
  }

  dispose(): void {
    this.#cache.dispose();
    this.#positions.dispose();
    for (const { layers } of this.#cross) for (const { keys, values } of layers) tf.dispose([keys, values]);
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

  /** A layer's mask: `[p, m]`, the same for all, or `[heads, p, m]` with its relative bias. */
  #ownMask(positions: Int32Array, tokens: Int32Array): (bias: RelativeBias | undefined) => tf.Tensor {
    const slotOf = new Map(Array.from(tokens, (token, slot) => [token, slot]));
    const pairs: AttendedPair[] = [];
    positions.forEach((position, query) => {
      for (const key of this.#layout.keysOf(position)) {
        pairs.push({ position, key, place: query * tokens.length + slotOf.get(key)! });
      }
    });
    const shape: [number, number] = [positions.length, tokens.length];
    const mask = new Float32Array(shape[0] * shape[1]).fill(MASKED);
    for (const { place } of pairs) mask[place] = 0;
    const plain = tf.tensor2d(mask, shape);
    return (bias) => bias?.stepMask(this.#grid, pairs, shape) ?? plain;
  }

  /** `[p, m]`, or nothing where all of a condition is attended. */
  #crossMask({ pattern, grid }: CrossGroup, positions: Int32Array): tf.Tensor | undefined {
    const { offsets, keys } = neighbourTable(pattern, { queryGrid: this.#grid, keyGrid: grid });
    const count = tokenCount(grid);
    if (keys.length === tokenCount(this.#grid) * count) return undefined;
    const mask = new Float32Array(positions.length * count).fill(MASKED);
    positions.forEach((position, query) => {
      for (let entry = offsets[position]; entry < offsets[position + 1]; entry++)
        mask[query * count + keys[entry]] = 0;
    });
    return tf.tensor2d(mask, [positions.length, count]);
  }
}

function crossGroups(model: EncoderDecoder, conditions: readonly Condition[]): CrossGroup[] {
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
      const layers = model.decoder.blocks.map(({ crossAttention }) =>
        tf.tidy(() => {
          const { keys, values } = crossAttention.memory(hidden);
          if (rows.length === count) return { keys, values };
          const indices = tf.tensor1d(rows, "int32");
          return { keys: tf.gather(keys, indices), values: tf.gather(values, indices) };
        }),
      );
      return { count: rows.length, grid, pattern, layers };
    });
  } finally {
    tf.dispose(encoded.map(({ hidden }) => hidden));
  }
}
