import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { decodeSafetensors } from "../safetensors/decode.ts";
import { bytesOf, zip } from "../testing/torch-files.ts";
import { decodeTorchCheckpoint } from "./decode.ts";

const read = (name: string) => readFileSync(new URL(`../fixtures/torch/${name}`, import.meta.url));
const oracle = decodeSafetensors(read("expected.safetensors")).tensors;

/** The tensors of a fixture below a prefix, as Python gives them. F64 is narrowed here. */
function expected(prefix: string) {
  const found = Object.entries(oracle).filter(([name]) => name.startsWith(`${prefix}.`));
  const tensors = found.map(([name, { dtype, shape, data }]) => {
    const narrow = data instanceof Float64Array ? new Float32Array(data) : data;
    return [name.slice(prefix.length + 1), { dtype, shape, data: narrow }];
  });
  expect(tensors.length).toBeGreaterThan(0);
  return Object.fromEntries(tensors);
}

describe("a checkpoint of PyTorch", () => {
  test.each([
    ["plain", 7],
    ["parameters", 2],
    ["views", 20],
    ["dtypes", 10],
  ])("%s gives what PyTorch gives", (name, count) => {
    const { tensors, root, skipped } = decodeTorchCheckpoint(read(`${name}.pt`));
    expect(tensors).toEqual(expected(name));
    expect(Object.keys(tensors)).toHaveLength(count);
    expect([root, skipped]).toEqual(["", {}]);
  });

  test("has values that are no tensors", () => {
    expect(decodeTorchCheckpoint(read("plain.pt")).values).toEqual({});
    expect(decodeTorchCheckpoint(read("parameters.pt")).values).toEqual({ "shape.0": 4, "shape.1": 5 });
  });

  test.each(["lightning.pt", "lightning-3.pt", "lightning-4.pt", "lightning-5.pt"])(
    "%s: its state_dict is the root, and everything is there with another root",
    (file) => {
      const bytes = read(file);
      const { tensors, values, root } = decodeTorchCheckpoint(bytes);
      expect(root).toBe("state_dict");
      expect(Object.keys(tensors)).toEqual(["encoder.weight", "encoder.half", "decoder.tied", "head.tied"]);
      expect(tensors).toEqual(expected("lightning.state_dict"));
      expect(values).toEqual({
        epoch: 3,
        global_step: 2 ** 40,
        largest: 2n ** 70n,
        "pytorch-lightning_version": "1.9.0",
        "optimizer_states.0.param_groups.0.lr": 4.5e-6,
        "optimizer_states.0.param_groups.0.betas.0": 0.5,
        "optimizer_states.0.param_groups.0.betas.1": 0.9,
        "optimizer_states.0.param_groups.0.amsgrad": false,
        "optimizer_states.0.param_groups.0.params.0": 0,
        "hyper_parameters.name": "Größe",
        "hyper_parameters.below": -1,
        "hyper_parameters.nothing": null,
        "hyper_parameters.far": Number.NEGATIVE_INFINITY,
      });
      expect(decodeTorchCheckpoint(bytes, { root: "" }).tensors).toEqual(expected("lightning"));
      expect(decodeTorchCheckpoint(bytes, { root: "optimizer_states.0.state" }).tensors).toEqual(
        expected("lightning.optimizer_states.0.state"),
      );
      expect(() => decodeTorchCheckpoint(bytes, { root: "model" })).toThrow(
        expect.objectContaining({
          code: "INPUT",
          message: expect.stringContaining('"epoch", "global_step"'),
        }),
      );
    },
  );

  test("that is a lone tensor has the empty name", () => {
    const { tensors } = decodeTorchCheckpoint(read("lone.pt"));
    expect(tensors).toMatchObject({ "": { dtype: "F32", shape: [2, 3] } });
  });

  test("is read at any place in memory", () => {
    const bytes = read("views.pt");
    for (const shift of [0, 1, 4]) {
      const shifted = new Uint8Array(bytes.length + shift);
      shifted.set(bytes, shift);
      expect(decodeTorchCheckpoint(shifted.subarray(shift)).tensors).toEqual(expected("views"));
    }
  });

  test("shares memory where it can", () => {
    const bytes = Uint8Array.from(read("views.pt"));
    const { base, rows, transposed } = decodeTorchCheckpoint(bytes).tensors;
    expect([base.data.buffer, rows.data.buffer]).toEqual([bytes.buffer, bytes.buffer]);
    expect(transposed.data.buffer).not.toBe(bytes.buffer);
  });
});

describe("objects of other classes", () => {
  test.each([
    ["objects-2.pt", "pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint"],
    ["objects-4.pt", "pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint"],
    ["calls-system.pt", "posix.system"],
    ["calls-eval.pt", "builtins.eval"],
    ["unsigned.pt", "torch._utils._rebuild_tensor_v3"],
  ])("%s is refused by name", (file, name) => {
    let error: unknown;
    try {
      decodeTorchCheckpoint(read(file));
    } catch (caught) {
      error = caught;
    }
    expect(error).toMatchObject({ name: "NuwaError", code: "FILE" });
    const { message, hint } = error as { message: string; hint: string };
    expect(message).toContain(`it holds "${name}", which is not among the few classes read here`);
    expect(message).toContain(hint);
    for (const advice of ["skipUnknown: true", "weights_only=True", "safetensors.torch.save_file"])
      expect(hint).toContain(advice);
  });

  test.each([2, 4])("are left out when asked, protocol %i", (protocol) => {
    const { tensors, values, skipped, root } = decodeTorchCheckpoint(read(`objects-${protocol}.pt`), {
      skipUnknown: true,
    });
    const builtins = protocol === 2 ? "__builtin__" : "builtins";
    const checkpoint = "pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint";
    expect(root).toBe("state_dict");
    expect(tensors).toEqual(expected("objects"));
    expect(values).toEqual({ epoch: 1 });
    expect(skipped).toEqual({
      [`callbacks.${checkpoint}`]: checkpoint,
      config: "omegaconf.dictconfig.DictConfig",
      arguments: "argparse.Namespace",
      counts: "collections.defaultdict",
      names: `${builtins}.set`,
      frozen: `${builtins}.frozenset`,
      raw: protocol === 2 ? "_codecs.encode" : "builtins.bytes",
      number: expect.stringMatching(/^numpy.*scalar$/),
      "state_dict.complex": "torch.ComplexFloatStorage",
    });
  });

  test.each(["calls-system.pt", "calls-eval.pt"])("%s runs nothing when they are left out", (file) => {
    const { tensors, skipped } = decodeTorchCheckpoint(read(file), { skipUnknown: true });
    expect(Object.keys(tensors)).toEqual(["weight"]);
    expect(skipped).toEqual({ "more.0": file === "calls-eval.pt" ? "builtins.eval" : "posix.system" });
  });
});

describe("other files", () => {
  test("the format before PyTorch 1.6, bare pickles and TorchScript are refused with advice", () => {
    const legacy = read("legacy.pt");
    expect(() => decodeTorchCheckpoint(legacy)).toThrow("format of torch.save before PyTorch 1.6");
    expect(() => decodeTorchCheckpoint(legacy)).toThrow("write it again with torch.save");
    expect(() => decodeTorchCheckpoint(bytesOf("\x80\x04}."))).toThrow("this is a bare pickle");
    const script = zip([["script/code/__torch__.py", bytesOf("")]], { method: 8 });
    expect(() => decodeTorchCheckpoint(script)).toThrow("torch.jit.load(path).state_dict()");
  });

  test.each(["plain.pt", "lightning-4.pt", "legacy.pt"])("every cut of %s is refused", (file) => {
    const bytes = read(file);
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeTorchCheckpoint(bytes.subarray(0, length))).toThrow(/^torch checkpoint: /);
    }
  });

  test.each(["plain.pt", "objects-4.pt"])("every other byte in %s is read or refused", (file) => {
    const good = read(file);
    for (let place = 0; place < good.length; place++) {
      const bytes = Uint8Array.from(good);
      bytes[place] ^= 1 + (place % 255);
      try {
        decodeTorchCheckpoint(bytes, { skipUnknown: place % 2 === 0 });
      } catch (error) {
        expect(error).toMatchObject({ name: "NuwaError" });
      }
    }
  });
});
