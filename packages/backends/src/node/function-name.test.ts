import { expect, test } from "vitest";
import type { FunctionBody } from "./function-body.ts";
import { functionName } from "./function-name.ts";
import { ATTRIBUTE, TF_TYPE } from "./op-attributes.ts";

const float32 = TF_TYPE.float32;

/** `relu(x + constant)`, its values numbered from `first` on. */
function body(first: number, changes: Partial<FunctionBody> = {}): FunctionBody {
  return {
    inputs: [{ value: first, shape: [2], dtype: float32 }],
    constants: [{ value: first + 5, id: 1, dtype: float32 }],
    operations: [
      { name: "Add", attributes: [], inputs: [first, first + 5], outputs: [first + 7] },
      { name: "LeakyRelu", attributes: alpha(0), inputs: [first + 7], outputs: [first + 9] },
    ],
    outputs: [first + 9],
    xla: false,
    ...changes,
  };
}

const alpha = (value: number) => [{ name: "alpha", type: ATTRIBUTE.float, value }];
const nameOf = (given: FunctionBody, values = Float32Array.of(1, 2), shape = [2]) =>
  functionName(given, () => ({ shape, values }));

test("functions that do the same have the same name, whatever the numbers of their values", () => {
  expect(nameOf(body(0))).toBe(nameOf(body(30)));
  expect(nameOf(body(0))).toMatch(/^nuwa_step_[0-9a-f]{32}$/);
});

test("every other function has another name", () => {
  const { operations } = body(0);
  const [add, relu] = operations;
  const names = [
    nameOf(body(0)),
    nameOf(body(0), Float32Array.of(1, 3)),
    nameOf(body(0), Float32Array.of(1, 2), [1, 2]),
    nameOf(body(0, { xla: true })),
    nameOf(body(0, { outputs: [7] })),
    nameOf(body(0, { outputs: [7, 9] })),
    nameOf(body(0, { inputs: [{ value: 0, shape: [2, 1], dtype: float32 }] })),
    nameOf(body(0, { inputs: [{ value: 0, shape: [2], dtype: TF_TYPE.int32 }] })),
    nameOf(body(0, { operations: [{ ...add, name: "Mul" }, relu] })),
    nameOf(body(0, { operations: [{ ...add, inputs: [5, 0] }, relu] })),
    ...[-0, 0.5, Number.NaN, Infinity].map((value) =>
      nameOf(body(0, { operations: [add, { ...relu, attributes: alpha(value) }] })),
    ),
  ];
  expect(new Set(names).size).toBe(names.length);
});
