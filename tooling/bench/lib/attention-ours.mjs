import { Attention3D, attend, nearby } from "@nuwa/attention-3dna";
import { ensureGradients, namedParams, Rng, randomNormal, tokenCount } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";

/** Causal attention in a window of `extent` over `grid`. */
export function attentionOptions(grid, extent) {
  return { pattern: nearby({ extent }), queryGrid: grid, causal: true };
}

/** `attend` alone, batch 1: inputs `query`, `key`, `value` `[1, heads, tokens, headDim]`. */
export function createCore({ grid, extent, heads, headDim }) {
  const options = attentionOptions(grid, extent);
  const draw = (name) => randomNormal([1, heads, tokenCount(grid), headDim], new Rng(0).fork(name));
  const inputs = { query: draw("query"), key: draw("key"), value: draw("value") };
  const apply = () => attend(inputs.query, inputs.key, inputs.value, options);
  return createOurs({ inputs, dy: draw("dy"), apply, dispose: () => tf.dispose(inputs) });
}

/** `Attention3D`, batch 1: inputs `x` `[1, tokens, heads * headDim]` and the weights. */
export function createLayer({ grid, extent, heads, headDim }) {
  const options = attentionOptions(grid, extent);
  const dim = heads * headDim;
  const layer = new Attention3D({ dim, heads }, new Rng(0).fork("weights"));
  const draw = (name) => randomNormal([1, tokenCount(grid), dim], new Rng(0).fork(name));
  const x = draw("x");
  const dispose = () => {
    x.dispose();
    layer.dispose();
  };
  return createOurs({
    inputs: { x, ...namedParams(layer) },
    dy: draw("dy"),
    apply: () => layer.apply(x, options),
    dispose,
  });
}

function createOurs({ inputs, dy, apply, dispose }) {
  const sources = Object.values(inputs);
  const passes = { forward: () => [apply()], both: () => gradientsOf(apply, sources, dy) };
  return {
    /** What the peers need to compute the same. */
    given: { ...inputs, dy },
    /** `y`, and the gradient of each input as `gradient.NAME`. The caller disposes them. */
    results() {
      const names = Object.keys(inputs);
      const gradients = passes.both().map((gradient, index) => [`gradient.${names[index]}`, gradient]);
      return { y: apply(), ...Object.fromEntries(gradients) };
    },
    run: (pass, calls) => secondsOf(passes[pass], calls),
    dispose() {
      dy.dispose();
      dispose();
    },
  };
}

/** The gradients of `sources` where that of `apply()` is `dy`, the result itself besides being dropped. */
export function gradientsOf(apply, sources, dy) {
  ensureGradients();
  return tf.engine().gradients(apply, sources, dy).grads;
}

/** The seconds of each of some calls, which compute before they return, as all of these backends do; freeing is in them. */
export function secondsOf(compute, calls) {
  return Array.from({ length: calls }, () => {
    const started = performance.now();
    tf.dispose(tf.tidy(compute));
    return (performance.now() - started) / 1000;
  });
}
