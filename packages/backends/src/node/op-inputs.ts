import type { Pointer } from "./functions.ts";
import type { GraphTools } from "./graph-function.ts";

/** An argument of an operation, from its definition. */
export interface InputArgument {
  /** The attribute that counts its tensors, where it is a list of one type. */
  readonly countedBy?: string;
  /** The attribute that lists the types of its tensors, where each has its own. */
  readonly typedBy?: string;
}

const known = new Map<string, readonly InputArgument[]>();

/** The arguments of an operation, in order, as its `OpDef` message has them. */
export function inputArguments(tools: GraphTools, graph: Pointer, name: string): readonly InputArgument[] {
  let found = known.get(name);
  if (!found) known.set(name, (found = decodeArguments(readDefinition(tools, graph, name))));
  return found;
}

function readDefinition({ c, status, names, check }: GraphTools, graph: Pointer, name: string): Uint8Array {
  const buffer = c.TF_NewBuffer();
  try {
    c.TF_GraphGetOpDef(graph, names.of(name), buffer, status);
    check(name);
    const head = new BigUint64Array(2); // the address of the bytes, and their number
    c.copyOut(head, buffer, head.byteLength);
    const bytes = new Uint8Array(Number(head[1]));
    c.copyOut(bytes, Number(head[0]), bytes.length);
    return bytes;
  } finally {
    c.TF_DeleteBuffer(buffer);
  }
}

// Field numbers of TensorFlow's op_def.proto.
const INPUT_ARG = 2;
const NUMBER_ATTR = 5;
const TYPE_LIST_ATTR = 6;

function decodeArguments(definition: Uint8Array): InputArgument[] {
  const result: InputArgument[] = [];
  for (const { field, bytes } of fieldsOf(definition)) {
    if (field !== INPUT_ARG) continue;
    const argument: { countedBy?: string; typedBy?: string } = {};
    for (const part of fieldsOf(bytes)) {
      if (part.field === NUMBER_ATTR) argument.countedBy = Buffer.from(part.bytes).toString();
      if (part.field === TYPE_LIST_ATTR) argument.typedBy = Buffer.from(part.bytes).toString();
    }
    result.push(argument);
  }
  return result;
}

/** The fields of a protocol buffer message that have a length. Others of this message are whole numbers. */
function* fieldsOf(message: Uint8Array): Generator<{ field: number; bytes: Uint8Array }> {
  let place = 0;
  const readNumber = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = message[place++];
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  while (place < message.length) {
    const tag = readNumber();
    const length = readNumber(); // or the number itself
    if (tag % 8 !== 2) continue;
    yield { field: Math.floor(tag / 8), bytes: message.subarray(place, place + length) };
    place += length;
  }
}
