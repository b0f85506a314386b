import { graphAttributes, type SetAttribute } from "./attribute-setters.ts";
import type { FunctionBody, Operation } from "./function-body.ts";
import type { Functions, GraphOutput, Pointer } from "./functions.ts";
import type { CStrings } from "./memory.ts";
import { ATTRIBUTE, type OpAttribute } from "./op-attributes.ts";
import { type InputArgument, inputArguments } from "./op-inputs.ts";

/** What of the binding a function is made with. */
export interface GraphTools {
  readonly c: Functions;
  readonly context: Pointer;
  readonly status: Pointer;
  readonly names: CStrings;
  /** Throws what the last call left in the status. */
  check(where: string): void;
}

/** An `AttrValue` message with `b: true`. */
const TRUE = Uint8Array.of(0x28, 1);

/**
 * Adds a function to the context, which runs it by its name like any operation.
 *
 * @throws NuwaError `BACKEND` with the operation that TensorFlow refuses and its message
 */
export function addFunction(tools: GraphTools, name: string, body: FunctionBody): void {
  const { c, context, status, names, check } = tools;
  const graph = c.TF_NewGraph();
  try {
    const builder = new GraphBuilder(tools, graph);
    for (const { value, shape, dtype } of body.inputs) builder.addInput(value, shape, dtype);
    for (const { value, id, dtype } of body.constants) builder.addConstant(value, id, dtype);
    for (const operation of body.operations) builder.addOperation(operation);
    const inputs = builder.outputs(body.inputs.map(({ value }) => value));
    const outputs = builder.outputs(body.outputs);
    const made = c.TF_GraphToFunction(
      ...([
        graph,
        names.of(name),
        0,
        -1,
        0,
        body.inputs.length,
        inputs,
        body.outputs.length,
        outputs,
      ] as const),
      ...([0, 0, 0, status] as const),
    );
    check(name);
    try {
      if (body.xla) {
        c.TF_FunctionSetAttrValueProto(made, names.of("_XlaMustCompile"), TRUE, TRUE.length, status);
        check(name);
      }
      c.TFE_ContextAddFunction(context, made, status);
      check(name);
    } finally {
      c.TF_DeleteFunction(made); // the context keeps its own
    }
  } finally {
    c.TF_DeleteGraph(graph);
  }
}

class GraphBuilder {
  readonly #tools: GraphTools;
  readonly #graph: Pointer;
  readonly #setAttribute: SetAttribute;
  readonly #outputs = new Map<number, GraphOutput>();
  #operations = 0;

  constructor(tools: GraphTools, graph: Pointer) {
    this.#tools = tools;
    this.#graph = graph;
    this.#setAttribute = graphAttributes(tools.c, tools.names);
  }

  addInput(value: number, shape: readonly number[], dtype: number): void {
    const description = this.#begin("Placeholder");
    this.#setAttribute(description, { name: "dtype", type: ATTRIBUTE.type, value: dtype });
    this.#setAttribute(description, { name: "shape", type: ATTRIBUTE.shape, value: shape });
    this.#finish("Placeholder", description, [value]);
  }

  addConstant(value: number, id: number, dtype: number): void {
    const { c, status, names, check } = this.#tools;
    const description = this.#begin("Const");
    this.#setAttribute(description, { name: "dtype", type: ATTRIBUTE.type, value: dtype });
    const tensor = c.TFE_TensorHandleResolve(id, status);
    check("Const");
    c.TF_SetAttrTensor(description, names.of("value"), tensor, status);
    c.TF_DeleteTensor(tensor);
    this.#finish("Const", description, [value]);
  }

  addOperation({ name, attributes, inputs, outputs }: Operation): void {
    const { c } = this.#tools;
    const description = this.#begin(name);
    let next = 0;
    for (const argument of this.#argumentsOf(name)) {
      const count = countOf(argument, attributes, inputs.length - next);
      if (count === undefined) c.TF_AddInput(description, this.#outputs.get(inputs[next++])!);
      else {
        c.TF_AddInputList(description, this.outputs(inputs.slice(next, next + count)), count);
        next += count;
      }
    }
    for (const attribute of attributes) this.#setAttribute(description, attribute);
    this.#finish(name, description, outputs);
  }

  /** Values as an array of C's `TF_Output`. */
  outputs(values: readonly number[]): BigUint64Array {
    const pairs = new BigUint64Array(values.length * 2);
    values.forEach((value, place) => {
      const { operation, index } = this.#outputs.get(value)!;
      pairs[2 * place] = BigInt(operation);
      pairs[2 * place + 1] = BigInt(index);
    });
    return pairs;
  }

  #begin(name: string): Pointer {
    const { c, names } = this.#tools;
    return c.TF_NewOperation(this.#graph, names.of(name), names.of(`n${this.#operations++}`));
  }

  #finish(name: string, description: Pointer, values: readonly number[]): void {
    const { c, status, check } = this.#tools;
    const operation = c.TF_FinishOperation(description, status);
    check(name);
    for (const [index, value] of values.entries()) this.#outputs.set(value, { operation, index });
  }

  #argumentsOf(name: string): readonly InputArgument[] {
    return inputArguments(this.#tools, this.#graph, name);
  }
}

/** How many inputs an argument that is a list takes, `rest` where its attribute is left out; undefined for one that is not. */
function countOf(
  { countedBy, typedBy }: InputArgument,
  attributes: readonly OpAttribute[],
  rest: number,
): number | undefined {
  const attribute = (wanted: string) => attributes.find(({ name }) => name === wanted)?.value;
  if (typedBy !== undefined) return (attribute(typedBy) as readonly number[] | undefined)?.length ?? rest;
  return countedBy === undefined ? undefined : ((attribute(countedBy) as number | undefined) ?? rest);
}
