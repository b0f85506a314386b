import { attendSequence, nearby } from "@nuwa/attention-3dna";
import {
  AdamW,
  disposeParams,
  gelu,
  LayerNorm,
  Linear,
  namedParams,
  Rng,
  valueAndGradients,
  videoGrid,
} from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";

const dim = 16;
const heads = 2;
const grid = videoGrid(6, 6, 3);
const tokens = 108;
const pattern = nearby({ extent: { height: 3, width: 3, frames: 3 } });

/** A small training step of three blocks of matrix products, 3D attention by our kernel, and AdamW, on batches of any size. */
export function createStep() {
  const rng = new Rng(1);
  const linear = (inFeatures, outFeatures) => new Linear({ inFeatures, outFeatures }, rng);
  const model = {
    blocks: Array.from({ length: 3 }, () => ({
      attentionNorm: new LayerNorm({ dim }),
      query: linear(dim, dim),
      key: linear(dim, dim),
      value: linear(dim, dim),
      output: linear(dim, dim),
      feedForwardNorm: new LayerNorm({ dim }),
      expand: linear(dim, 4 * dim),
      contract: linear(4 * dim, dim),
    })),
  };
  const params = namedParams(model);
  const optimizer = new AdamW(params, { clipNorm: 1 });

  function lossOf(input) {
    let x = input;
    for (const block of model.blocks) {
      const y = block.attentionNorm.apply(x);
      const [query, key, value] = [block.query, block.key, block.value].map((layer) => layer.apply(y));
      const mixed = attendSequence(query, key, value, { pattern, queryGrid: grid, causal: true, heads });
      x = tf.add(x, block.output.apply(mixed));
      x = tf.add(x, block.contract.apply(gelu(block.expand.apply(block.feedForwardNorm.apply(x)))));
    }
    return tf.mean(tf.squaredDifference(x, 1));
  }

  return {
    /** From `inputOf` to the loss. */
    step(input) {
      const { value, gradients } = valueAndGradients(() => ({ loss: lossOf(input) }), params);
      optimizer.step(gradients, 1e-3);
      return { loss: value.loss };
    },
    /** `[batch, tokens, dim]`. */
    inputOf: (batch) => tf.ones([batch, tokens, dim]),
    dispose() {
      optimizer.dispose();
      disposeParams(model);
    },
  };
}
