import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { classMapLoss } from "./class-map.ts";

beforeAll(useCpu);

const logits = () => tf.tensor4d([0, 0, 0, Math.log(3)], [1, 1, 2, 2]);
const classMap = (classes: number[]) => tf.tensor3d(classes, [1, 1, 2], "int32");

test("cross-entropy, worked by hand", () =>
  expectNoLeak(async () => {
    const inputs = [logits(), classMap([0, 1])] as const;
    const loss = classMapLoss(...inputs);
    const expected = (Math.log(2) - Math.log(3 / 4)) / 2;
    await expectClose(loss, { shape: [], data: [expected] }, { rtol: 1e-6 });
    tf.dispose([...inputs, loss]);
  }));

test.each([
  { classes: [0, 2], wrong: 2 },
  { classes: [-1, 1], wrong: -1 },
])("class $wrong is out of range", ({ classes, wrong }) =>
  expectNoLeak(async () => {
    const inputs = [logits(), classMap(classes)] as const;
    expect(() => classMapLoss(...inputs)).toThrow(
      expect.objectContaining({
        code: "INPUT",
        message: expect.stringContaining(`from 0 to 1, got ${wrong}.`),
      }),
    );
    const unchecked = classMapLoss(...inputs, { checkRange: false });
    expect((await unchecked.data())[0]).toBeNaN();
    tf.dispose([...inputs, unchecked]);
  }),
);

test("other shapes and types are errors", () =>
  expectNoLeak(() => {
    const values = logits();
    const floats = tf.zeros<tf.Rank.R3>([1, 1, 2]);
    const tall = tf.zeros<tf.Rank.R3>([1, 2, 1], "int32");
    expect(() => classMapLoss(values, floats)).toThrow(/wanted int32, got float32/);
    expect(() => classMapLoss(values, tall)).toThrow(/wanted the shape \[1, 1, 2\]/);
    tf.dispose([values, floats, tall]);
  }));
