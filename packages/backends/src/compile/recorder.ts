import type * as tf from "@tensorflow/tfjs-core";
import type { TensorMetadata } from "../node/binding.ts";
import type { Operation } from "../node/function-body.ts";
import type { NodeBackend } from "../node/node-backend.ts";
import type { NamedInputs, Observer, OutsideKernel } from "../node/observer.ts";
import { ATTRIBUTE, type OpAttribute } from "../node/op-attributes.ts";
import { placeInProgram } from "./place.ts";
import type { AnyKernel, Call, Constant, Recording, Source, Value } from "./recording.ts";
import { refusedOperation, refusedRead } from "./refusals.ts";

/** Follows one run of a step on the node backend. Values are numbered in the order in which they are met. */
export class Recorder implements Observer {
  /** Why the step cannot be compiled, as far as is known. */
  refusal: Error | undefined;
  readonly #backend: NodeBackend;
  readonly #values: Value[] = [];
  readonly #sources = new Map<number, Source>();
  readonly #constants = new Map<number, Constant>();
  readonly #calls: Call[] = [];
  /** Numbers of the values behind the binding's ids that are tensors now. */
  readonly #numbers = new Map<number, number>();
  /** Tensors that the step made of values of the program, with the places. */
  readonly #written = new Map<object, string>();
  /** Inputs and variables as they are when the step begins. */
  readonly #given = new Map<object, Source>();
  readonly #variables: readonly tf.Variable[];
  readonly #before: readonly object[];
  #outside = 0;

  /** @param variables all that there are, each with values of its own; so have the inputs */
  constructor(backend: NodeBackend, inputs: readonly tf.Tensor[], variables: readonly tf.Variable[]) {
    this.#backend = backend;
    this.#variables = variables;
    this.#before = variables.map(({ dataId }) => dataId);
    for (const [index, { dataId }] of inputs.entries()) this.#given.set(dataId, { kind: "input", index });
    for (const variable of variables) this.#given.set(variable.dataId, { kind: "variable", variable });
  }

  executed(
    name: string,
    attributes: readonly OpAttribute[],
    inputs: readonly number[],
    results: readonly TensorMetadata[],
  ): void {
    if (this.#outside > 0) return;
    this.refusal ??= refusedOperation(name);
    const numbers = inputs.map((id) => this.#numberOf(id));
    const outputs = results.map((result) => this.#meet(result));
    this.#calls.push({ name, attributes: [...attributes], inputs: numbers, outputs });
  }

  deleted(id: number): void {
    this.#numbers.delete(id);
  }

  wrote(dataId: object): void {
    if (this.#outside === 0) this.#written.set(dataId, placeInProgram());
  }

  used(dataId: object, id: number): void {
    if (this.#outside > 0 || this.#numbers.has(id)) return;
    const place = this.#written.get(dataId);
    if (place !== undefined) {
      this.#keepConstant(id, place);
      return;
    }
    const number = this.#meet(this.#backend.binding.describe(id));
    this.#sources.set(
      number,
      this.#given.get(dataId) ?? { kind: "captured", dataId, place: placeInProgram() },
    );
  }

  reshaped(id: number, shape: readonly number[], reshapedId: number): void {
    if (this.#outside > 0 || this.#numbers.has(reshapedId)) return;
    // The backend knew this shape from before the step, and ran nothing.
    const { dtype } = this.#values[this.#numberOf(id)];
    const attributes = [
      { name: "T", type: ATTRIBUTE.type, value: dtype },
      { name: "Tshape", type: ATTRIBUTE.type, value: this.#backend.binding.TF_INT32 },
    ];
    const inputs = [this.#numberOf(id), this.#numberOf(this.#backend.vector(shape))];
    const outputs = [this.#meet(this.#backend.binding.describe(reshapedId))];
    this.#calls.push({ name: "Reshape", attributes, inputs, outputs });
  }

  read(what: string): void {
    if (this.#outside === 0) this.refusal ??= refusedRead(what);
  }

  runOutside<Attributes, Result extends tf.TensorInfo | tf.TensorInfo[]>(
    kernel: OutsideKernel<Attributes, Result>,
    inputs: NamedInputs,
    attributes: Attributes,
  ): Result {
    const backend = this.#backend;
    const numberOf = (info: tf.TensorInfo) => this.#numberOf(backend.idOfValues(info));
    const infos = Object.fromEntries(
      Object.entries(inputs).map(([name, { shape, dtype }]) => [name, { shape, dtype }]),
    );
    const numbers = this.#outside > 0 ? [] : Object.values(inputs).map(numberOf);
    this.#outside++;
    try {
      const result = kernel(backend, inputs, attributes);
      if (this.#outside > 1) return result;
      const outputs = [result].flat().map(({ dataId }) => {
        const id = backend.idOfValues({ dataId, shape: [], dtype: "float32" });
        return this.#meet(backend.binding.describe(id));
      });
      this.#calls.push({ kernel: kernel as AnyKernel, attributes, infos, inputs: numbers, outputs });
      return result;
    } finally {
      this.#outside--;
    }
  }

  /** The recording, once the step has returned `results`. */
  finish(results: Readonly<Record<string, tf.Tensor>>): Recording {
    const outputs = new Map<string, number>();
    for (const [name, result] of Object.entries(results)) outputs.set(name, this.#result(result));
    const assigned = new Map<tf.Variable, number>();
    for (const [index, variable] of this.#variables.entries()) {
      if (!variable.isDisposed && variable.dataId !== this.#before[index]) {
        assigned.set(variable, this.#result(variable));
      }
    }
    return {
      values: this.#values,
      sources: this.#sources,
      constants: this.#constants,
      calls: this.#calls,
      outputs,
      assigned,
    };
  }

  /** Gives back what a recording would have held. */
  discard(): void {
    for (const { id } of this.#constants.values()) this.#backend.binding.deleteTensor(id);
  }

  /** The number of a tensor that calls compute, if need be by a copy. */
  #result(tensor: tf.Tensor): number {
    const number = this.#numberOf(this.#backend.idOf(tensor));
    if (!this.#sources.has(number) && !this.#constants.has(number)) return number;
    const { dtype, shape } = this.#values[number];
    const result = this.#number({ dtype, shape });
    const identity: Operation = {
      name: "Identity",
      attributes: [{ name: "T", type: ATTRIBUTE.type, value: dtype }],
      inputs: [number],
      outputs: [result],
    };
    this.#calls.push(identity);
    return result;
  }

  /** The number of the value behind an id. What no tensor of tfjs stands for are the backend's own constants. */
  #numberOf(id: number): number {
    return this.#numbers.get(id) ?? this.#keepConstant(id, placeInProgram());
  }

  #keepConstant(id: number, place: string): number {
    const { binding } = this.#backend;
    const number = this.#meet(binding.describe(id));
    this.#constants.set(number, { id: binding.share(id), place });
    return number;
  }

  #meet({ id, shape, dtype }: TensorMetadata): number {
    const number = this.#number({ shape, dtype });
    this.#numbers.set(id, number);
    return number;
  }

  #number(value: Value): number {
    return this.#values.push(value) - 1;
  }
}
