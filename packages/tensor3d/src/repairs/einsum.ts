import * as tf from "@tensorflow/tfjs-core";

/** tfjs-core has none. The gradient of a contraction contracts `dy` with the other operand. */
export const einsumGradient: tf.GradConfig = {
  kernelName: tf.Einsum,
  saveAllInputs: true,
  gradFunc: (dy, operands, attributes) => {
    const { equation } = attributes as unknown as { equation: string };
    const [left, output] = equation.replace(/\s/g, "").split("->");
    const terms = left.split(",");
    const gradients = terms.map((term, index) => {
      const other = terms.length === 2 ? { term: terms[1 - index], tensor: operands[1 - index] } : undefined;
      return [index, () => einsumBackward(dy as tf.Tensor, output, term, operands[index].shape, other)];
    });
    return Object.fromEntries(gradients) as Record<string, () => tf.Tensor>;
  },
};

interface Operand {
  readonly term: string;
  readonly tensor: tf.Tensor;
}

function einsumBackward(
  dy: tf.Tensor,
  output: string,
  term: string,
  shape: number[],
  other: Operand | undefined,
): tf.Tensor {
  const letters = [...term];
  // A letter that stands only in this term was summed over: its gradient is the same all along the axis.
  const isShared = (letter: string) => output.includes(letter) || (other?.term.includes(letter) ?? false);
  const shared = letters.filter(isShared).join("");
  const contracted = contract({ term: output, tensor: dy }, other, shared);
  const sizes = letters.map((letter, axis) => (isShared(letter) ? shape[axis] : 1));
  const spread = tf.reshape(contracted, sizes);
  return shared === term ? spread : tf.mul(spread, tf.ones(shape));
}

/** `dy` times `other`, summed over every letter that is not in `shared`. */
function contract(dy: Operand, other: Operand | undefined, shared: string): tf.Tensor {
  if (!other) return rearrange(dy, shared);
  // tfjs's einsum cannot sum over a letter of one operand beside an outer product, and takes no scalars.
  const reduced = sumOthers(other, dy.term + shared);
  if (dy.term === "" || reduced.term === "") {
    const product = tf.mul(dy.tensor, reduced.tensor);
    return rearrange({ term: dy.term || reduced.term, tensor: product }, shared);
  }
  return tf.einsum(`${dy.term},${reduced.term}->${shared}`, dy.tensor, reduced.tensor);
}

function sumOthers({ term, tensor }: Operand, letters: string): Operand {
  const axes = [...term].map((_, axis) => axis).filter((axis) => !letters.includes(term[axis]));
  if (axes.length === 0) return { term, tensor };
  return {
    term: [...term].filter((letter) => letters.includes(letter)).join(""),
    tensor: tf.sum(tensor, axes),
  };
}

function rearrange(operand: Operand, to: string): tf.Tensor {
  const { term, tensor } = sumOthers(operand, to);
  return term === to
    ? tensor
    : tf.transpose(
        tensor,
        [...to].map((letter) => term.indexOf(letter)),
      );
}
