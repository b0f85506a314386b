import { AdamW, namedParams, under, valueAndGradients } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeEach, describe, expect, test } from "vitest";
import { exportPatchGan, importPatchGan } from "../checkpoints/patch-gan.ts";
import type { DiscriminatorConfigInput } from "../discriminator-config.ts";
import { backends } from "../fixtures/backends.ts";
import { type Golden, readGolden } from "../fixtures/golden.ts";
import { adaptiveWeight } from "./adaptive-weight.ts";
import { discriminatorLoss, generatorLoss } from "./adversarial.ts";
import { classMapLoss } from "./class-map.ts";
import { lpipsHeads } from "./lpips-heads.ts";
import { perceptualDistance } from "./perceptual.ts";
import { tokenizerLosses } from "./tokenizer-losses.ts";
import { Vgg16Features } from "./vgg16.ts";

// tooling/oracle/losses.py wrote the fixture with PyTorch, in double precision.
const { golden } = readGolden("losses.safetensors");

function load<T extends tf.Tensor = tf.Tensor4D>(name: string): T {
  const { shape, data } = golden[name];
  return tf.tensor(Float32Array.from(data), [...shape]) as T;
}

function variable(name: string): tf.Variable {
  return tf.tidy(() => tf.variable(load(name)));
}

/** Allows errors of `rtol` times the largest expected value; some sums over all positions nearly cancel. */
async function expectNear(actual: tf.Tensor, expected: Golden, rtol = 5e-4): Promise<void> {
  const largest = Array.from(expected.data).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  await expectClose(actual, expected, { atol: rtol * largest });
}

const kinds = ["hinge", "log"] as const;
const group: DiscriminatorConfigInput = { width: 4, layers: 2, groups: 2 };
const discriminators = {
  group: { config: group, params: under(golden, "group.param.") },
  none: { config: { width: 4, layers: 1, norm: "none" } as const, params: under(golden, "none.param.") },
};

describe.each(Object.entries(backends))("on %s", (_backend, use) => {
  beforeEach((context) => use(context));

  test.each(kinds)("the %s losses of logits and their gradients agree with PyTorch", (kind) =>
    expectNoLeak(async () => {
      const expected = under(golden, `logits.${kind}.`);
      const params = { real: variable("logits.real"), fake: variable("logits.fake") };
      const against = valueAndGradients(
        () => ({ ...discriminatorLoss(params.real, params.fake, kind) }),
        params,
      );
      for (const name of ["loss", "real", "fake"] as const) {
        await expectNear(against.value[name], expected[name], 1e-6);
      }
      await expectNear(against.gradients.real, expected["gradient.real"], 1e-6);
      await expectNear(against.gradients.fake, expected["gradient.fake"], 1e-6);
      const towards = valueAndGradients(() => ({ loss: generatorLoss(params.fake, kind) }), {
        fake: params.fake,
      });
      await expectNear(towards.value.loss, expected.generator, 1e-6);
      await expectNear(towards.gradients.fake, expected["gradient.generator"], 1e-6);
      tf.dispose([params.real, params.fake, ...Object.values(against.value), towards.value.loss]);
      tf.dispose([...Object.values(against.gradients), ...Object.values(towards.gradients)]);
    }),
  );

  describe.each(["group", "none"] as const)("the discriminator with norm %s", (norm) => {
    const { config, params } = discriminators[norm];

    test("gives PyTorch's logits, and its weights back", () =>
      expectNoLeak(async () => {
        const discriminator = importPatchGan(config, params);
        const decoded = load("decoded");
        const logits = discriminator.apply(decoded);
        await expectNear(logits, golden[`${norm}.logits`], 1e-5);
        const exported = exportPatchGan(discriminator);
        expect(Object.keys(exported).sort()).toEqual(Object.keys(params).sort());
        for (const [name, tensor] of Object.entries(exported)) await expectClose(tensor, params[name], {});
        tf.dispose([decoded, logits, ...Object.values(exported)]);
        discriminator.dispose();
      }));

    test.each(kinds)("has PyTorch's gradients of the %s losses", (kind) =>
      expectNoLeak(async () => {
        const discriminator = importPatchGan(config, params);
        const [pixels, decoded] = [load("pixels"), variable("decoded")];
        const logits = (x: tf.Tensor) => discriminator.apply(x as tf.Tensor4D);
        const against = valueAndGradients(
          () => ({ ...discriminatorLoss(logits(pixels), logits(decoded), kind) }),
          namedParams(discriminator),
        );
        await expectNear(against.value.loss, golden[`${norm}.${kind}.loss`], 1e-5);
        const expected = importPatchGan(config, under(golden, `${norm}.${kind}.gradient.`));
        for (const [name, wanted] of Object.entries(namedParams(expected))) {
          const { shape } = wanted;
          await expectNear(against.gradients[name], { shape, data: await wanted.data() });
        }
        const towards = valueAndGradients(() => ({ loss: generatorLoss(logits(decoded), kind) }), {
          decoded,
        });
        await expectNear(towards.gradients.decoded, golden[`${norm}.${kind}.pixels`]);
        tf.dispose([pixels, decoded, ...Object.values(against.value), ...Object.values(against.gradients)]);
        tf.dispose([towards.value.loss, towards.gradients.decoded]);
        discriminator.dispose();
        expected.dispose();
      }),
    );
  });

  test("VGG16's levels agree with PyTorch", () =>
    expectNoLeak(async () => {
      const network = new Vgg16Features({ ...under(golden, "vgg."), "classifier.0.weight": golden.pixels });
      const pixels = load("pixels");
      const levels = network.features(pixels);
      expect(levels).toHaveLength(5);
      for (const [index, level] of levels.entries())
        await expectNear(level, golden[`features.${index}`], 1e-5);
      tf.dispose([pixels, ...levels]);
      network.dispose();
    }));

  test.each(["heads", "plain"])("the perceptual distance (%s) and its gradient agree with PyTorch", (name) =>
    expectNoLeak(async () => {
      const network = new Vgg16Features(under(golden, "vgg."));
      const heads = name === "heads" ? lpipsHeads(under(golden, "heads.")) : undefined;
      const [pixels, decoded] = [load("pixels"), variable("decoded")];
      const { value, gradients } = valueAndGradients(
        () => {
          const actual = decoded as unknown as tf.Tensor4D;
          const distance = perceptualDistance(network, actual, pixels, { heads });
          return { loss: tf.mean<tf.Scalar>(distance), distance };
        },
        { decoded },
      );
      await expectNear(value.distance, golden[`perceptual.${name}.distance`], 1e-5);
      await expectNear(gradients.decoded, golden[`perceptual.${name}.gradient`]);
      tf.dispose([pixels, decoded, value.loss, value.distance, gradients.decoded, ...(heads ?? [])]);
      network.dispose();
    }),
  );

  test("the cross-entropy of class maps and its gradient agree with PyTorch", () =>
    expectNoLeak(async () => {
      const logits = variable("classes.logits");
      const map = golden["classes.map"];
      const classes = tf.tensor3d(Int32Array.from(map.data), map.shape as [number, number, number], "int32");
      const { value, gradients } = valueAndGradients(
        () => ({ loss: classMapLoss(logits as unknown as tf.Tensor4D, classes) }),
        { logits },
      );
      await expectNear(value.loss, golden["classes.loss"], 1e-5);
      await expectNear(gradients.logits, golden["classes.gradient"], 1e-5);
      tf.dispose([logits, classes, value.loss, gradients.logits]);
    }));

  test.each(kinds)("three alternating updates with the %s loss agree with PyTorch", (kind) =>
    expectNoLeak(async () => {
      const network = new Vgg16Features(under(golden, "vgg."));
      const heads = lpipsHeads(under(golden, "heads."));
      const discriminator = importPatchGan(group, under(golden, "group.param."));
      const [pixels, hidden] = [load("pixels"), load("hidden")];
      const last = { weight: variable("last.weight"), bias: variable("last.bias") };
      const optimizer = { decoder: new AdamW(last), discriminator: new AdamW(namedParams(discriminator)) };
      const decode = () =>
        tf.add(tf.conv2d(hidden, last.weight as unknown as tf.Tensor4D, 1, "same"), last.bias) as tf.Tensor4D;
      const ours = () => ({ pixels, decoded: decode(), perceptual: { network, heads } });

      for (let step = 0; step < 3; step++) {
        const expected = under(golden, `steps.${kind}.${step}.`);
        const weight = adaptiveWeight({
          reconstruction: () => tokenizerLosses(ours()).loss,
          adversarial: () => generatorLoss(discriminator.apply(decode()), kind),
          last: last.weight,
        });
        const decoded = tf.tidy(decode);
        const { value, gradients } = valueAndGradients(
          () => ({ ...tokenizerLosses({ ...ours(), adversarial: { discriminator, kind, weight } }) }),
          last,
        );
        const against = valueAndGradients(
          () => ({ ...discriminatorLoss(discriminator.apply(pixels), discriminator.apply(decoded), kind) }),
          namedParams(discriminator),
        );
        for (const name of ["loss", "reconstruction", "perceptual", "adversarial", "weight"] as const) {
          await expectNear(value[name], expected[name]);
        }
        await expectNear(against.value.loss, expected.discriminator);
        if (step === 0) {
          await expectNear(gradients.weight, expected["gradient.weight"]);
          await expectNear(gradients.bias, expected["gradient.bias"]);
        }
        const norms = [
          optimizer.decoder.step(gradients, 2e-3),
          optimizer.discriminator.step(against.gradients, 2e-3),
        ];
        tf.dispose([weight, decoded, ...norms, ...Object.values(value), ...Object.values(gradients)]);
        tf.dispose([...Object.values(against.value), ...Object.values(against.gradients)]);
      }

      const after = under(golden, `steps.${kind}.after.`);
      await expectMoved(last.weight, golden["last.weight"], after.weight);
      await expectMoved(last.bias, golden["last.bias"], after.bias);
      const exported = exportPatchGan(discriminator);
      for (const [name, tensor] of Object.entries(exported)) {
        await expectMoved(tensor, golden[`group.param.${name}`], after[`discriminator.${name}`]);
      }
      tf.dispose([pixels, hidden, last.weight, last.bias, ...heads, ...Object.values(exported)]);
      optimizer.decoder.dispose();
      optimizer.discriminator.dispose();
      discriminator.dispose();
      network.dispose();
    }),
  );
});

/** Compares how far parameters went, since that is little beside where they are. */
async function expectMoved(actual: tf.Tensor, before: Golden, after: Golden): Promise<void> {
  const moved = tf.tidy(() => tf.sub(actual, tf.tensor(Float32Array.from(before.data), [...before.shape])));
  const data = Float32Array.from(after.data, (value, index) => value - before.data[index]);
  await expectNear(moved, { shape: after.shape, data }, 1e-3);
  moved.dispose();
}
