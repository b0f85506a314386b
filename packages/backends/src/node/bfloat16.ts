import { FUSED_KERNELS } from "@nuwa/tensor3d";
import type { Binding, TensorMetadata } from "./binding.ts";
import { type Kernel, kernel } from "./kernel.ts";
import { ATTRIBUTE, type OpAttribute, TF_TYPE } from "./op-attributes.ts";

interface ProductAttributes {
  transposeX: boolean;
  transposeY: boolean;
}

const type = (name: string, value: number): OpAttribute => ({ name, type: ATTRIBUTE.type, value });
const flag = (name: string, value: boolean): OpAttribute => ({ name, type: ATTRIBUTE.bool, value });
const { float32, bfloat16 } = TF_TYPE;
const narrowing = [type("SrcT", float32), type("DstT", bfloat16), flag("Truncate", false)];
const widening = [type("SrcT", bfloat16), type("DstT", float32), flag("Truncate", false)];

/** The product of two float32 matrices by TensorFlow's bfloat16 `MatMul`. tfjs, which knows no such type, sees float32 alone. */
function product(
  binding: Binding,
  x: number,
  y: number,
  { transposeX, transposeY }: ProductAttributes,
): TensorMetadata {
  const narrow: number[] = [];
  const run = (name: string, attributes: readonly OpAttribute[], inputs: readonly number[]): TensorMetadata =>
    binding.executeOp(name, attributes, inputs, 1)[0];
  try {
    for (const id of [x, y]) narrow.push(run("Cast", narrowing, [id]).id);
    const flags = [flag("transpose_a", transposeX), flag("transpose_b", transposeY)];
    narrow.push(run("MatMul", [type("T", bfloat16), ...flags], narrow).id);
    return run("Cast", widening, narrow.slice(2));
  } finally {
    for (const id of narrow) binding.deleteTensor(id);
  }
}

const matMulBfloat16: Kernel<ProductAttributes> = ({ inputs: { x, y }, backend, attrs }) =>
  backend.createOutputTensor(product(backend.binding, backend.idOf(x), backend.idOf(y), attrs));

export const bfloat16Kernels = [kernel(FUSED_KERNELS.matMulBfloat16, matMulBfloat16)];

/** Whether the library has bfloat16 products for its device, which one shows. */
export function hasBfloat16Products(binding: Binding): boolean {
  const ids = [binding.createTensor([1, 1], float32, Float32Array.of(1))];
  try {
    ids.push(product(binding, ids[0], ids[0], { transposeX: false, transposeY: false }).id);
    return true;
  } catch {
    return false;
  } finally {
    for (const id of ids) binding.deleteTensor(id);
  }
}
