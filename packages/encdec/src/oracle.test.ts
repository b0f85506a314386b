import { readFileSync } from "node:fs";
import { decodeSafetensors, type Grid, namedParams, valueAndGradients } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { loadModel, saveModel } from "./checkpoint.ts";
import type { Condition } from "./condition.ts";
import type { EncoderDecoderConfig } from "./config.ts";

// Written by tooling/oracle/encdec.py with PyTorch.
const { tensors: oracle, metadata } = decodeSafetensors(
  readFileSync(new URL("./fixtures/encdec.safetensors", import.meta.url)),
);

interface OracleCase {
  readonly config: EncoderDecoderConfig;
  readonly grid: Grid;
  readonly conditions: { kind: string; tokens?: number[]; grid?: Grid; codes?: number[] }[];
  readonly first_frame_weight: number;
}
const cases = Object.entries(JSON.parse(metadata.cases) as Record<string, OracleCase>);

beforeAll(useCpu);

const golden = (key: string) => oracle[key] as { shape: number[]; data: Float32Array };

/** The oracle's tensors under a prefix, without it. */
function under(prefix: string): Record<string, { shape: number[]; data: Float32Array }> {
  const keys = Object.keys(oracle).filter((key) => key.startsWith(prefix));
  return Object.fromEntries(keys.map((key) => [key.slice(prefix.length), golden(key)]));
}

test.each(cases)("%s: logits, losses and every gradient are PyTorch's", (name, oracleCase) =>
  expectNoLeak(async () => {
    const { config, grid } = oracleCase;
    const conditions = oracleCase.conditions.map(conditionOf);
    const model = loadModel({ config, tensors: under(`${name}.param.`) });
    const targets = tf.tensor(golden(`${name}.codes`).data, golden(`${name}.codes`).shape, "int32");
    const logits = model.logits({ conditions, targets, grid });
    await expectClose(logits, golden(`${name}.logits`), { atol: 1e-5, rtol: 1e-5 });

    const firstFrameWeight = oracleCase.first_frame_weight;
    const { value, gradients } = valueAndGradients(
      () => model.loss({ conditions, targets, grid, firstFrameWeight }),
      namedParams(model),
    );
    await expectClose(value.loss, golden(`${name}.loss`), { rtol: 1e-5 });
    await expectClose(value.frameNll, golden(`${name}.frame_nll`), { rtol: 1e-5 });
    const expected = under(`${name}.grad.`);
    expect(Object.keys(gradients).sort()).toEqual(Object.keys(expected).sort());
    for (const [key, gradient] of Object.entries(gradients)) {
      await expectClose(gradient, expected[key], { atol: 1e-6, rtol: 1e-4 });
    }
    tf.dispose([targets, logits, gradients, { ...value }]);
    model.dispose();
  }),
);

test("a saved model is loaded again, and keys that do not fit are named", () =>
  expectNoLeak(async () => {
    const [name, { config }] = cases[0];
    const model = loadModel({ config, tensors: under(`${name}.param.`) });
    const saved = saveModel(model);
    const host = Object.entries(saved.tensors).map(([key, x]) => [
      key,
      { shape: x.shape, data: x.dataSync() },
    ]);
    const copy = loadModel({
      config: JSON.parse(JSON.stringify(saved.config)),
      tensors: Object.fromEntries(host),
    });
    for (const [key, variable] of Object.entries(namedParams(copy))) {
      await expectClose(variable, saved.tensors[key], {});
    }
    expect(() => loadModel({ config, tensors: Object.fromEntries(host.slice(1)) })).toThrow(
      `missing ${host[0][0]}`,
    );
    model.dispose();
    copy.dispose();
  }));

function conditionOf({ kind, tokens, grid, codes }: OracleCase["conditions"][number]): Condition {
  if (kind === "text") return { kind, tokens: Int32Array.from(tokens!) };
  if (kind === "sketch" || kind === "image" || kind === "video")
    return { kind, grid: grid!, codes: Int32Array.from(codes!) };
  return { kind: "none" };
}
