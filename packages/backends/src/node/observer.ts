import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { TensorMetadata } from "./binding.ts";
import type { NodeBackend } from "./node-backend.ts";
import type { OpAttribute } from "./op-attributes.ts";

/** Tensors by name. */
export type NamedInputs = Readonly<Record<string, TensorInfo>>;

/** A kernel that computes outside of TensorFlow, by the backend's `copyInto`, `emptyTensor`, `copyFrom` and `lend`. */
export type OutsideKernel<Attributes, Result extends TensorInfo | TensorInfo[]> = (
  backend: NodeBackend,
  inputs: NamedInputs,
  attributes: Attributes,
) => Result;

/** What a backend and its binding report while a step is recorded. */
export interface Observer {
  /** An operation ran on tensors of these ids. */
  executed(
    name: string,
    attributes: readonly OpAttribute[],
    inputs: readonly number[],
    results: readonly TensorMetadata[],
  ): void;
  /** An id is about to be no tensor's any more. */
  deleted(id: number): void;
  /** Values of the program became a tensor. */
  wrote(dataId: object): void;
  /** A tensor stands behind an id from now on. */
  used(dataId: object, id: number): void;
  /** The same values under another shape have an id of their own. */
  reshaped(id: number, shape: readonly number[], reshapedId: number): void;
  /** The program reads a tensor's values; throws where it may not. */
  read(what: string): void;
  /** Runs a kernel that computes outside of TensorFlow. */
  runOutside<Attributes, Result extends TensorInfo | TensorInfo[]>(
    kernel: OutsideKernel<Attributes, Result>,
    inputs: NamedInputs,
    attributes: Attributes,
  ): Result;
}
