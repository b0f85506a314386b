import type { BatchInputs } from "@nuwa/tasks";
import type * as tf from "@tensorflow/tfjs-core";

/** The tensors of batches, in an order that `withTensors` knows. */
export function tensorsOf(batches: readonly BatchInputs[]): tf.Tensor[] {
  return batches.flatMap(({ inputs: { tensors } }) => {
    const { targets, inputs, weights, conditions, masks } = tensors;
    return [
      ...[targets, ...(inputs ? [inputs] : []), ...(weights ? [weights] : []), ...conditions],
      ...[...masks.conditions.flat(), ...masks.targets],
    ];
  });
}

/** The same batches with other tensors in the place of theirs. */
export function withTensors(batches: readonly BatchInputs[], tensors: readonly tf.Tensor[]): BatchInputs[] {
  let next = 0;
  const take = <T extends tf.Tensor>() => tensors[next++] as T;
  return batches.map(({ inputs: { tensors: own, layout }, task, weight }) => {
    const targets = take<tf.Tensor2D>();
    const inputs = own.inputs && { inputs: take<tf.Tensor2D>() };
    const weights = own.weights && { weights: take<tf.Tensor1D>() };
    const conditions = own.conditions.map(() => take<tf.Tensor2D>());
    const masks = {
      conditions: own.masks.conditions.map((group) => group.map(() => take<tf.Tensor3D>())),
      targets: own.masks.targets.map(() => take<tf.Tensor3D>()),
    };
    const replaced = { targets, ...inputs, ...weights, conditions, masks };
    return { task, weight, inputs: { layout, tensors: replaced } };
  });
}

/** All of batches but the values and shapes of their tensors, as a text: equal ones are computed alike. */
export function kindOf(batches: readonly BatchInputs[]): string {
  const kinds = batches.map(({ task, weight, inputs: { layout, tensors } }) => [
    ...[task, weight, layout],
    ...[tensors.inputs !== undefined, tensors.weights !== undefined],
  ]);
  return JSON.stringify(kinds);
}
