import * as tf from "@tensorflow/tfjs-core";
import type { NodeBackend } from "../node/node-backend.ts";
import { TFJS_TYPE } from "../node/op-attributes.ts";
import type { Mode } from "./options.ts";
import { type FunctionSegment, type OutsideSegment, planOf, type Segment } from "./plan.ts";
import type { Recording } from "./recording.ts";
import { lostTensor, lostVariable } from "./refusals.ts";
import { type Kind, StepFunction } from "./step-function.ts";

/** What there is to say of a program. */
export interface ProgramSummary {
  /** Operations in the functions. */
  readonly operations: number;
  /** Functions by how they run; `measured` are those that run both ways until the faster one is known. */
  readonly functions: Readonly<Record<Kind | "measured", number>>;
  /** Kernels that run between them. */
  readonly outsideCalls: number;
}

/** A recording as TensorFlow functions, which {@link run} calls. */
export class Program {
  readonly #backend: NodeBackend;
  readonly #recording: Recording;
  readonly #segments: readonly Segment[];
  /** The function of each segment; kernels outside of TensorFlow have none. */
  readonly #functions: (StepFunction | undefined)[] = [];

  /** @param recording is still needed afterwards */
  constructor(backend: NodeBackend, recording: Recording, mode: Mode) {
    this.#backend = backend;
    this.#recording = recording;
    this.#segments = planOf(recording);
    try {
      for (const segment of this.#segments) {
        this.#functions.push("call" in segment ? undefined : this.#createFunction(segment, mode));
      }
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  get summary(): ProgramSummary {
    const own = this.#segments.filter((segment) => "operations" in segment);
    const functions = { graph: 0, xla: 0, measured: 0 };
    for (const step of this.#functions) if (step) functions[step.kind ?? "measured"]++;
    return {
      operations: own.reduce((sum, { operations }) => sum + operations.length, 0),
      functions,
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
        else this.#runFunction(this.#functions[index]!, segment, values);
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
    for (const step of this.#functions) step?.dispose();
  }

  #createFunction({ operations, inputs, constants, outputs }: FunctionSegment, mode: Mode): StepFunction {
    const recording = this.#recording;
    const body = {
      inputs: inputs.map((value) => ({ value, ...recording.values[value] })),
      constants: constants.map((value) => ({
        value,
        id: recording.constants.get(value)!.id,
        dtype: recording.values[value].dtype,
      })),
      operations,
      outputs,
    };
    return new StepFunction(this.#backend, body, mode);
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

  #runFunction(
    step: StepFunction,
    { inputs, outputs }: FunctionSegment,
    values: Map<number, tf.TensorInfo>,
  ): void {
    const { constants } = this.#recording;
    const results = step.run(
      inputs.map((value) => constants.get(value)?.id ?? this.#backend.idOf(values.get(value)!)),
    );
    for (const [index, value] of outputs.entries()) values.set(value, results[index]);
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
