import * as tf from "@tensorflow/tfjs-core";
import type { NodeBackend } from "../node/node-backend.ts";
import { TFJS_TYPE } from "../node/op-attributes.ts";
import type { Mode } from "./options.ts";
import { type FunctionSegment, type OutsideSegment, planOf, type Segment } from "./plan.ts";
import type { Recording } from "./recording.ts";
import { lostTensor, lostVariable, unknownToXla } from "./refusals.ts";

/** What there is to say of a program. */
export interface ProgramSummary {
  /** By what its functions run; `auto` while both are measured. */
  readonly mode: Mode;
  /** Operations in the functions, functions, and kernels that run between them. */
  readonly operations: number;
  readonly functions: number;
  readonly outsideCalls: number;
}

let functions = 0;

/** A recording as TensorFlow functions, which {@link run} calls. */
export class Program {
  readonly #backend: NodeBackend;
  readonly #recording: Recording;
  readonly #segments: readonly Segment[];
  /** The function of each segment; kernels outside of TensorFlow have none. */
  readonly #names: (string | undefined)[] = [];

  readonly #xla: boolean;

  /** @param recording is still needed afterwards */
  constructor(backend: NodeBackend, recording: Recording, xla: boolean) {
    this.#backend = backend;
    this.#recording = recording;
    this.#xla = xla;
    this.#segments = planOf(recording);
    try {
      for (const segment of this.#segments) {
        this.#names.push("call" in segment ? undefined : this.#addFunction(segment));
      }
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  get summary(): ProgramSummary {
    const own = this.#segments.filter((segment) => "operations" in segment);
    return {
      mode: this.#xla ? "xla" : "graph",
      operations: own.reduce((sum, { operations }) => sum + operations.length, 0),
      functions: own.length,
      outsideCalls: this.#segments.length - own.length,
    };
  }

  /** Variables that a call assigns to. */
  get assigned(): readonly tf.Variable[] {
    return [...this.#recording.assigned.keys()];
  }

  /**
   * Computes the step's results and assigns to its variables.
   *
   * @throws NuwaError `INPUT` when a variable or another tensor from outside is gone; nothing has changed then
   */
  run(inputs: readonly tf.Tensor[]): Record<string, tf.Tensor> {
    return tf.tidy(() => {
      const { outputs, assigned, sources } = this.#recording;
      const values = new Map<number, tf.TensorInfo>();
      for (const number of sources.keys()) values.set(number, this.#source(number, inputs));
      for (const [index, segment] of this.#segments.entries()) {
        if ("call" in segment) this.#runOutside(segment, values);
        else this.#runFunction(this.#names[index]!, segment, values);
        for (const number of segment.last) {
          (values.get(number) as tf.Tensor).dispose();
          values.delete(number);
        }
      }
      for (const [variable, number] of assigned) variable.assign(values.get(number) as tf.Tensor);
      const results: Record<string, tf.Tensor> = {};
      for (const [name, number] of outputs) results[name] = tf.clone(values.get(number) as tf.Tensor);
      return results;
    });
  }

  dispose(): void {
    for (const name of this.#names) if (name !== undefined) this.#backend.binding.removeFunction(name);
  }

  #addFunction({ operations, inputs, constants, outputs }: FunctionSegment): string {
    const name = `nuwa_step_${functions++}`;
    this.#backend.binding.addFunction(name, {
      inputs: inputs.map((value) => ({ value, ...this.#recording.values[value] })),
      constants: constants.map((value) => ({
        value,
        id: this.#recording.constants.get(value)!.id,
        dtype: this.#recording.values[value].dtype,
      })),
      operations,
      outputs,
      xla: this.#xla,
    });
    return name;
  }

  #source(number: number, inputs: readonly tf.Tensor[]): tf.TensorInfo {
    const { shape, dtype } = this.#recording.values[number];
    const source = this.#recording.sources.get(number)!;
    if (source.kind === "input") return inputs[source.index];
    if (source.kind === "variable") {
      if (source.variable.isDisposed) throw lostVariable(source.variable.name);
      return source.variable;
    }
    if (this.#backend.refCount(source.dataId) === 0) throw lostTensor(shape, source.place);
    return { dataId: source.dataId, shape: [...shape], dtype: TFJS_TYPE[dtype] };
  }

  #runFunction(name: string, { inputs, outputs }: FunctionSegment, values: Map<number, tf.TensorInfo>): void {
    const { constants } = this.#recording;
    const ids = inputs.map((value) => constants.get(value)?.id ?? this.#backend.idOf(values.get(value)!));
    const results = this.#execute(name, ids, outputs.length);
    for (const [index, value] of outputs.entries()) values.set(value, results[index]);
  }

  #execute(name: string, ids: readonly number[], count: number): tf.Tensor[] {
    try {
      return this.#backend.executeOnIds(name, [], ids, count);
    } catch (error) {
      throw this.#xla ? unknownToXla(error as Error) : error;
    }
  }

  #runOutside({ call }: OutsideSegment, values: Map<number, tf.TensorInfo>): void {
    const backend = this.#backend;
    const named = Object.entries(call.infos).map(([name, { shape, dtype }], index) => {
      const value = call.inputs[index];
      const info = values.get(value) ?? this.#constant(value);
      return [name, { dataId: info.dataId, shape, dtype }] as const;
    });
    const results = [call.kernel(backend, Object.fromEntries(named), call.attributes)].flat();
    for (const [index, value] of call.outputs.entries()) {
      const result = results[index];
      values.set(value, result instanceof tf.Tensor ? result : tf.engine().makeTensorFromTensorInfo(result));
    }
  }

  /** A constant as a tensor of this call's. */
  #constant(value: number): tf.Tensor {
    const { binding } = this.#backend;
    return this.#backend.createOutputTensor(
      binding.describe(binding.share(this.#recording.constants.get(value)!.id)),
    );
  }
}
