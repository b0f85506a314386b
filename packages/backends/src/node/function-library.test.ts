import { expectNoLeak } from "@nuwa/testing";
import { beforeAll, expect, test } from "vitest";
import type { FunctionBody } from "./function-body.ts";
import { loadNodeBackend, type NodeBackend, registerNode } from "./index.ts";
import { createTensorsTypeOpAttr, TF_TYPE } from "./op-attributes.ts";

let backend: NodeBackend;

beforeAll(async () => {
  await registerNode();
  backend = await loadNodeBackend();
});

const float32 = TF_TYPE.float32;

/** `op(x, constant)` of two elements. */
const bodyOf = (op: string, id: number, xla: boolean): FunctionBody => ({
  inputs: [{ value: 0, shape: [2], dtype: float32 }],
  constants: [{ value: 1, id, dtype: float32 }],
  operations: [
    { name: op, attributes: [createTensorsTypeOpAttr("T", "float32")], inputs: [0, 1], outputs: [2] },
  ],
  outputs: [2],
  xla,
});

test.each([false, true])("functions that do the same are one, until the last goes; XLA %s", (xla) =>
  expectNoLeak(() => {
    const { binding } = backend;
    const { functions } = binding;
    const vector = (...values: number[]) => binding.createTensor([2], float32, Float32Array.from(values));
    const [x, two, alsoTwo, three] = [vector(1, 2), vector(2, 2), vector(2, 2), vector(3, 3)];
    const run = (name: string) => {
      const [{ id }] = binding.executeOp(name, [], [x], 1);
      const values = Array.from(binding.tensorDataSync(id) as Float32Array);
      binding.deleteTensor(id);
      return values;
    };
    const [first, second] = [
      functions.add(bodyOf("Mul", two, xla)),
      functions.add(bodyOf("Mul", alsoTwo, xla)),
    ];
    const [other, sum] = [functions.add(bodyOf("Mul", three, xla)), functions.add(bodyOf("AddV2", two, xla))];
    expect(second).toBe(first);
    expect(new Set([first, other, sum]).size).toBe(3);
    functions.remove(first);
    expect([second, other, sum].map(run)).toEqual([
      [2, 4],
      [3, 6],
      [3, 4],
    ]);
    functions.remove(second);
    expect(() => run(second)).toThrow(second);
    expect(functions.add(bodyOf("Mul", two, xla))).toBe(first);
    expect(run(first)).toEqual([2, 4]);
    for (const name of [first, other, sum]) functions.remove(name);
    for (const id of [x, two, alsoTwo, three]) binding.deleteTensor(id);
  }),
);
