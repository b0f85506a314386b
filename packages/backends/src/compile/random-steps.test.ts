import { Rng, randomNormal, valueAndGradients } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { registerNode } from "../node/index.ts";
import { compile } from "./compile.ts";
import type { Step } from "./run-step.ts";
import type { Kind } from "./step-function.ts";

const CASES = Number(process.env.NUWA_COMPILED_CASES ?? 150);
const SHAPES = [[4, 6], [6], [4, 1], []];

beforeAll(async () => {
  await registerNode();
});

type Operation = (a: tf.Tensor, b: tf.Tensor, rng: Rng) => tf.Tensor;

/** The first ones have gradients. Each gives values of at most about the size of its operands', in shapes that broadcast to `[4, 6]`. */
const DIFFERENTIABLE = 17;
const operations: readonly Operation[] = [
  (a, b) => tf.add(a, b),
  (a, b) => tf.sub(a, b),
  (a, b) => tf.mul(tf.tanh(a), b),
  (a, b) => tf.maximum(a, b),
  (a, b) => tf.div(a, tf.add(tf.square(b), 1)),
  (a) => tf.sigmoid(a),
  (a) => tf.relu(a),
  (a) => tf.sin(a),
  (a) => tf.mean(a),
  (a) => tf.logSumExp(full(a), 1, true),
  (a) => tf.softmax(full(a)),
  (a) => tf.mean(full(a), 0),
  (a) => tf.transpose(tf.reshape(full(a), [6, 4])),
  (a) => tf.reverse(full(a), 1),
  (a, b) => tf.matMul(full(a), tf.div(tf.matMul(full(b), full(a), true), 6)),
  (a, b) => tf.slice(tf.reshape(tf.stack([full(a), full(b)], 1), [8, 6]), [2, 0], [4, 6]),
  (a, b) => tf.concat([tf.slice(full(a), [0, 0], [4, 2]), tf.slice(full(b), [0, 1], [4, 4])], 1),
  (a, b) => tf.where(tf.greater(a, b), a, tf.mul(b, 0.5)),
  (a) => tf.gather(full(a), tf.tensor1d([3, 1, 1, 0], "int32")),
  (a, _b, rng) => tf.mul(a, randomNormal(SHAPES[rng.integers(1, 4)[0]], rng)),
  (a) =>
    tf.pad(tf.slice(full(a), [1, 1], [2, 4]), [
      [1, 1],
      [1, 1],
    ]),
  (a) => tf.cumsum(tf.div(full(a), 6), 1),
  (a) => tf.add(tf.cast(tf.cast(a, "int32"), "float32"), a),
  (a) => tf.clipByValue(a, -1, 1),
];

function full(x: tf.Tensor): tf.Tensor2D {
  return tf.broadcastTo(x, [4, 6]) as tf.Tensor2D;
}

/** A step of random operations on its two inputs, variables and a tensor from outside, the same for the same seed. */
function createStep(
  seed: number,
  variables: readonly tf.Variable[],
  outside: tf.Tensor,
): Step<tf.Tensor[], tf.NamedTensorMap> {
  return (...inputs) => {
    const rng = new Rng(seed);
    const below = (bound: number) => rng.integers(1, bound)[0];
    const apply = (tensors: tf.Tensor[], count: number, kinds = operations.length): tf.Tensor[] => {
      for (let index = 0; index < count; index++) {
        const [a, b] = [tensors[below(tensors.length)], tensors[below(tensors.length)]];
        tensors.push(operations[below(kinds)](a, b, rng));
      }
      return tensors;
    };
    const tensors = apply([...inputs, ...variables, outside], 2 + below(8));
    if (below(2) === 0) {
      const sources = { w: variables[0], x: inputs[0] };
      const { value, gradients } = valueAndGradients(
        () => {
          const own = apply([...tensors], 2 + below(5), DIFFERENTIABLE);
          return { loss: tf.mean(tf.square(own[own.length - 1])) };
        },
        sources,
        { allowUnused: true },
      );
      tensors.push(value.loss, ...Object.values(gradients));
    }
    for (const variable of variables) {
      if (below(2) === 0) continue;
      const value = full(tensors[tensors.length - 1 - below(3)]);
      variable.assign(
        tf.reshape(
          tf.slice(tf.tanh(tf.add(value, variable)), [0, 0], [4, variable.shape[1] ?? 1]),
          variable.shape,
        ),
      );
      tensors.push(tf.mul(variable, 2)); // what comes after reads the new value
    }
    apply(tensors, below(4));
    return { last: tensors[tensors.length - 1], other: tensors[below(tensors.length)] };
  };
}

test.each<[number, Kind]>([
  [CASES, "graph"],
  [Math.ceil(CASES / 5), "xla"],
])("%i random steps compute compiled what they compute as they are: %s", (cases, mode) =>
  expectNoLeak(async () => {
    let functions = 0;
    for (let seed = 0; seed < cases; seed++) {
      const outside = randomNormal([4, 1], new Rng(seed).fork("outside"));
      const create = () =>
        [
          [4, 6],
          [4, 1],
        ].map((shape, index) => tf.tidy(() => tf.variable(randomNormal(shape, new Rng(seed).fork(index)))));
      const [plain, own] = [create(), create()];
      const step = createStep(seed, plain, outside);
      const fast = compile(createStep(seed, own, outside), { mode });
      for (let call = 0; call < 4; call++) {
        const inputs = [[4, 6], [6]].map((shape) =>
          randomNormal(shape, new Rng(seed).fork("input", call, shape.length)),
        );
        const expected = tf.tidy(() => step(...inputs));
        const actual = fast(...inputs);
        try {
          for (const name of ["last", "other"])
            await expectClose(actual[name], expected[name], { rtol: 1e-5, atol: 1e-5 });
          for (const [index, variable] of plain.entries())
            await expectClose(own[index], variable, { rtol: 1e-5, atol: 1e-5 });
        } catch (error) {
          throw new Error(`seed ${seed}, call ${call}: ${(error as Error).message}`);
        }
        tf.dispose(inputs);
        disposeExcept([...plain, outside], expected);
        tf.dispose(actual);
      }
      functions += fast.records[0].program!.functions[mode];
      fast.dispose();
      tf.dispose([outside, plain, own]);
    }
    expect(functions).toBe(cases);
  }),
);

function disposeExcept(kept: readonly tf.Tensor[], results: tf.NamedTensorMap): void {
  for (const result of Object.values(results)) if (!kept.includes(result)) result.dispose();
}
