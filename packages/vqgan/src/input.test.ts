import { Rng } from "@nuwa/tensor3d";
import { expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import type { VqInput } from "./input.ts";
import { VqModel } from "./model.ts";
import { hostPixels } from "./pixel-source.ts";
import { encodeTiled } from "./tiles.ts";
import { TokenizerTrainer } from "./training/trainer.ts";

beforeAll(useCpu);

const networks = { resolution: 8, patch: 4, channels: [4], encoderBlocks: [0], decoderBlocks: [0] };
const sizes = { ...networks, embeddingDim: 2, codebookSize: 4 };
const createSeg = () => VqModel.create({ ...sizes, kind: "vq-gan-seg", classes: 3 });

const wantedMaps =
  "VqModel class maps: wanted int32 [batch, height, width] with height and width multiples of 4, got ";
const wantedPixels =
  "VqModel pixels: wanted float32 [batch, height, width, 3] with height and width multiples of 4, got ";
const noPixels = ' A "vq-gan-seg" reads no pixels: give it the index of each pixel\'s class, as int32.';
const noMaps = ' This model reads pixels and no class maps: those want a model of the kind "vq-gan-seg".';

test.each<[number[], "float32" | "int32", string]>([
  [[1, 8, 8, 3], "float32", `float32 [1, 8, 8, 3].${noPixels}`],
  [[1, 8, 8], "float32", `float32 [1, 8, 8].${noPixels}`],
  [[1, 8, 8, 3], "int32", `int32 [1, 8, 8, 3].${noPixels}`],
  [[1, 8, 10], "int32", "int32 [1, 8, 10]. Crop or pad the maps."],
  [[8, 8], "int32", "int32 [8, 8]. Crop or pad the maps."],
])("a VQ-GAN-Seg refuses %j of %s", (shape, dtype, got) =>
  expectNoLeak(() => {
    const model = createSeg();
    const input = tf.zeros(shape, dtype) as unknown as VqInput;
    const codes = tf.zeros<tf.Rank.R3>([1, 2, 2], "int32");
    const refused = expect.objectContaining({ code: "SHAPE", message: wantedMaps + got });
    for (const action of actions(model, codes, input)) expect(action).toThrow(refused);
    tf.dispose([input, codes]);
    model.dispose();
  }),
);

test.each<[number[], "float32" | "int32", string]>([
  [[1, 8, 8], "int32", `int32 [1, 8, 8].${noMaps}`],
  [[1, 8, 8], "float32", "float32 [1, 8, 8]. Crop, pad or resize the pictures."],
  [[1, 8, 10, 3], "float32", "float32 [1, 8, 10, 3]. Crop, pad or resize the pictures."],
])("a model of pixels refuses %j of %s", (shape, dtype, got) =>
  expectNoLeak(() => {
    const model = VqModel.create({ ...sizes, kind: "vq-gan" });
    const input = tf.zeros(shape, dtype) as unknown as VqInput;
    const codes = tf.zeros<tf.Rank.R3>([1, 2, 2], "int32");
    const refused = expect.objectContaining({ code: "SHAPE", message: wantedPixels + got });
    for (const action of actions(model, codes, input)) expect(action).toThrow(refused);
    tf.dispose([input, codes]);
    model.dispose();
  }),
);

test.each([-1, 3])("the class %i is out of range", (wrong) =>
  expectNoLeak(async () => {
    const model = createSeg();
    const values = new Int32Array(64).fill(2);
    values[5] = wrong;
    const input = tf.tensor3d(values, [1, 8, 8], "int32");
    const codes = tf.zeros<tf.Rank.R3>([1, 2, 2], "int32");
    const refused = expect.objectContaining({
      code: "INPUT",
      message:
        `VqModel class maps: wanted indices from 0 to 2, since the model has 3 classes, got ${wrong}. ` +
        "Map the classes of the data to those of the model, or give the model more.",
    });
    for (const action of actions(model, codes, input)) expect(action).toThrow(refused);
    await expect(encodeTiled(model, input)).rejects.toThrow(refused);
    const trainer = new TokenizerTrainer(model, { totalSteps: 1 }, new Rng(0));
    await expect(trainer.trainStep(input)).rejects.toThrow(refused);
    trainer.dispose();
    const logits = tf.zeros<tf.Rank.R4>([1, 8, 8, 3]);
    const loss = model.reconstructionLoss(logits, input);
    expect((await loss.data())[0]).toBeNaN();
    tf.dispose([input, codes, logits, loss]);
    model.dispose();
  }),
);

test("sources hold pixels, which a VQ-GAN-Seg refuses", () =>
  expectNoLeak(async () => {
    const model = createSeg();
    const source = hostPixels(new Float32Array(192), [1, 8, 8, 3]);
    await expect(encodeTiled(model, source)).rejects.toThrow(
      `${wantedMaps.replace("VqModel", "encodeTiled")}float32 [1, 8, 8, 3].${noPixels}`,
    );
    model.dispose();
  }));

function actions(model: VqModel, codes: tf.Tensor3D, input: VqInput): (() => unknown)[] {
  return [
    () => model.latents(input),
    () => model.encode(input),
    () => model.reconstruct(input),
    () => model.loss(input),
    () => model.decoderLoss(codes, input),
  ];
}
