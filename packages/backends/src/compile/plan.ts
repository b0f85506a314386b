import type { Operation } from "../node/function-body.ts";
import { type Call, isOutside, type OutsideCall, type Recording } from "./recording.ts";

/** Larger constants are passed to functions instead of becoming part of them. */
const LARGEST_CONSTANT = 1024;

/** Operations between two kernels outside of TensorFlow, which run as one function. */
export interface FunctionSegment {
  readonly operations: readonly Operation[];
  /** Numbers of the values that come from elsewhere. */
  readonly inputs: readonly number[];
  /** Numbers of constants that are part of it. */
  readonly constants: readonly number[];
  /** Numbers of the values that are read after it. */
  readonly outputs: readonly number[];
  /** Values that nothing reads after it. */
  readonly last: readonly number[];
}

export interface OutsideSegment {
  readonly call: OutsideCall;
  readonly last: readonly number[];
}

export type Segment = FunctionSegment | OutsideSegment;

/** What a recording comes to: only the calls that results need, in as few functions as their order allows. */
export function planOf(recording: Recording): Segment[] {
  const groups = groupsOf(neededCalls(recording));
  const lastReader = new Map<number, number>();
  for (const [index, group] of groups.entries()) {
    for (const { inputs } of group) for (const value of inputs) lastReader.set(value, index);
  }
  for (const value of resultsOf(recording)) lastReader.set(value, groups.length);
  return groups.map((group, index) => {
    const made = group.flatMap(({ outputs }) => outputs);
    const read = group.flatMap(({ inputs }) => inputs);
    const own = new Set(made);
    const given = [...new Set(read)].filter((value) => !own.has(value));
    const isLast = (value: number) =>
      isComputed(recording, value) && (lastReader.get(value) ?? index) === index;
    const [first] = group;
    if (isOutside(first)) return { call: first, last: [...given, ...made].filter(isLast) };
    const constants = given.filter((value) => isSmallConstant(recording, value));
    return {
      operations: group as Operation[],
      inputs: given.filter((value) => !constants.includes(value)),
      constants,
      outputs: made.filter((value) => (lastReader.get(value) ?? -1) > index),
      last: given.filter(isLast),
    };
  });
}

/** Whether a constant becomes part of functions. */
function isSmallConstant({ constants, values }: Recording, value: number): boolean {
  if (!constants.has(value)) return false;
  return values[value].shape.reduce((size, length) => size * length, 1) <= LARGEST_CONSTANT;
}

function isComputed({ sources, constants }: Recording, value: number): boolean {
  return !sources.has(value) && !constants.has(value);
}

function resultsOf({ outputs, assigned }: Recording): number[] {
  return [...outputs.values(), ...assigned.values()];
}

function neededCalls(recording: Recording): Call[] {
  const needed = new Set(resultsOf(recording));
  const calls: Call[] = [];
  for (const call of [...recording.calls].reverse()) {
    if (!call.outputs.some((value) => needed.has(value))) continue;
    for (const value of call.inputs) needed.add(value);
    calls.push(call);
  }
  return calls.reverse();
}

/** Runs of operations, and calls outside of TensorFlow each alone. */
function groupsOf(calls: readonly Call[]): Call[][] {
  const groups: Call[][] = [];
  let open: Call[] | undefined;
  for (const call of calls) {
    if (!open || isOutside(call)) groups.push((open = []));
    open.push(call);
    if (isOutside(call)) open = undefined;
  }
  return groups;
}
