import type { Budget } from "./budget.ts";
import { ByteReader } from "./byte-reader.ts";
import { clipped, refuse, refuseClass } from "./error.ts";
import { readScalar } from "./scalar.ts";
import { Global, kindOf, Tuple, Unknown, type Value } from "./values.ts";

/** What classes, functions and persistent ids of a pickle stand for. */
export interface Builder {
  /** The class or function, if it is known. Nothing is imported. */
  global(module: string, name: string): Global | undefined;
  call(callee: Global, args: Tuple): Value;
  persistent(id: Value): Value;
}

export interface UnpickleOptions {
  readonly builder: Builder;
  readonly budget: Budget;
  /** Whether objects of other classes become placeholders; otherwise they are refused by name. */
  readonly skipUnknown: boolean;
}

// About what a container, and anything smaller, take in memory.
const containerBytes = 200;
const itemBytes = 80;

const unbuiltNames = new Map([
  ["C", "builtins.bytes"], // SHORT_BINBYTES
  ["B", "builtins.bytes"], // BINBYTES
  ["\x8e", "builtins.bytes"], // BINBYTES8
  ["\x96", "builtins.bytearray"], // BYTEARRAY8
  ["\x8f", "builtins.set"], // EMPTY_SET
  ["\x91", "builtins.frozenset"], // FROZENSET
]);

/**
 * Reads a pickle of the protocols 2 to 5. It makes data only: no class is looked up and nothing of the file is run.
 *
 * @throws NuwaError `FILE` when it is damaged, or asks for a class that is not known
 */
export function unpickle(bytes: Uint8Array, options: UnpickleOptions): Value {
  return new Unpickler(bytes, options).run();
}

class Unpickler {
  private readonly reader: ByteReader;
  private readonly options: UnpickleOptions;
  private readonly memo = new Map<number, Value>();
  /** What is outside of the innermost mark, and of each mark around it. */
  private readonly outer: Value[][] = [];
  private stack: Value[] = [];

  constructor(bytes: Uint8Array, options: UnpickleOptions) {
    this.reader = new ByteReader(bytes);
    this.options = options;
  }

  run(): Value {
    const { reader } = this;
    if (reader.uint8() !== 0x80) refuse("its pickle has no protocol, or protocol 0 or 1");
    const protocol = reader.uint8();
    if (protocol < 2 || protocol > 5) refuse(`its pickle has the protocol ${protocol}, wanted 2 to 5`);
    for (;;) {
      const code = reader.uint8();
      if (code === 0x2e) return this.pop(); // STOP
      this.step(String.fromCharCode(code));
    }
  }

  private step(code: string): void {
    const scalar = readScalar(code, this.reader);
    const made = scalar === undefined ? (this.container(code) ?? this.objectByName(code)) : scalar;
    if (made !== undefined) this.stack.push(made);
    else this.rearrange(code);
  }

  private container(code: string): Value | undefined {
    switch (code) {
      case "}":
        return this.counted(new Map());
      case "]":
        return this.counted([]);
      case ")": // EMPTY_TUPLE
        return this.counted(new Tuple([]));
      case "t": // TUPLE
        return this.counted(new Tuple(this.popToMark()));
      case "\x85": // TUPLE1
      case "\x86": // TUPLE2
      case "\x87": // TUPLE3
        return this.counted(new Tuple(this.popMany(code.charCodeAt(0) - 0x84)));
      default:
        return undefined;
    }
  }

  /** What the opcodes make by which a pickle can ask for code to run. None does here. */
  private objectByName(code: string): Value | undefined {
    const { reader } = this;
    switch (code) {
      case "c": // GLOBAL
        return this.global(reader.line(), reader.line());
      case "\x93": {
        const [module, name] = this.popMany(2); // STACK_GLOBAL
        if (typeof module === "string" && typeof name === "string") return this.global(module, name);
        return refuse(
          `STACK_GLOBAL in its pickle wants two texts, got ${kindOf(module)} and ${kindOf(name)}`,
        );
      }
      case "i": // INST, of protocol 0: a call
        return refuseClass(`${clipped(reader.line())}.${clipped(reader.line())}`);
      case "R": // REDUCE: a call
        return this.called();
      case "\x81": // NEWOBJ: a call
        return this.constructed("NEWOBJ");
      case "\x92": // NEWOBJ_EX: a call, with a dictionary of further arguments
        this.pop();
        return this.constructed("NEWOBJ_EX");
      case "Q": // BINPERSID
        return this.options.builder.persistent(this.pop());
      default:
        return this.unbuilt(code);
    }
  }

  /** Built-in objects that have opcodes of their own and that are not built. */
  private unbuilt(code: string): Value | undefined {
    const { reader } = this;
    const name = unbuiltNames.get(code);
    if (name === undefined) return undefined;
    if (code === "C") reader.skip(reader.uint8());
    else if (code === "B") reader.skip(reader.uint32());
    else if (code === "\x91") this.popToMark();
    else if (code !== "\x8f") reader.skip(reader.uint64());
    return this.unknown(name);
  }

  private rearrange(code: string): void {
    const { reader } = this;
    if (code === "(") this.mark();
    else if (code === "1")
      this.popToMark(); // POP_MARK
    else if (code === "0")
      this.popOrUnmark(); // POP
    else if (code === "a")
      this.append(this.popMany(1)); // APPEND
    else if (code === "e")
      this.append(this.popToMark()); // APPENDS
    else if (code === "s")
      this.setItems(this.popMany(2)); // SETITEM
    else if (code === "u")
      this.setItems(this.popToMark()); // SETITEMS
    else if (code === "\x90")
      this.addItems(); // ADDITEMS
    else if (code === "b")
      this.setState(); // BUILD
    else if (code === "q")
      this.remember(reader.uint8()); // BINPUT
    else if (code === "r")
      this.remember(reader.uint32()); // LONG_BINPUT
    else if (code === "\x94")
      this.remember(this.memo.size); // MEMOIZE
    else if (code === "h")
      this.recall(reader.uint8()); // BINGET
    else if (code === "j")
      this.recall(reader.uint32()); // LONG_BINGET
    else if (code === "\x95")
      reader.skip(8); // FRAME, a length that only says how to read ahead
    else refuse(`its pickle has the opcode 0x${code.charCodeAt(0).toString(16)}, which is not read here`);
  }

  private mark(): void {
    this.options.budget.take(itemBytes);
    this.outer.push(this.stack);
    this.stack = [];
  }

  private popOrUnmark(): void {
    if (this.stack.length > 0) this.stack.pop();
    else this.popToMark();
  }

  private global(module: string, name: string): Value {
    return this.options.builder.global(module, name) ?? this.unknown(`${clipped(module)}.${clipped(name)}`);
  }

  private unknown(name: string): Value {
    if (!this.options.skipUnknown) refuseClass(name);
    this.options.budget.take(itemBytes);
    return new Unknown(name);
  }

  private called(): Value {
    const [callee, args] = this.popMany(2);
    if (!(args instanceof Tuple)) refuse(`REDUCE in its pickle wants a tuple, got ${kindOf(args)}`);
    if (callee instanceof Unknown) return callee;
    if (callee instanceof Global) return this.options.builder.call(callee, args);
    return refuse(`REDUCE in its pickle wants a class or function, got ${kindOf(callee)}`);
  }

  /** No class that is known is pickled in this way. */
  private constructed(opcode: string): Value {
    const [callee] = this.popMany(2);
    if (callee instanceof Global) refuseClass(`${callee.name} by ${opcode}`);
    if (!(callee instanceof Unknown)) refuse(`${opcode} in its pickle wants a class, got ${kindOf(callee)}`);
    return callee;
  }

  /** Attributes of a dictionary, such as the `_metadata` of a state dict, and of what is unknown, are left out. */
  private setState(): void {
    const state = this.pop();
    const target = this.top();
    if (target instanceof Unknown || (target instanceof Map && state instanceof Map)) return;
    this.refuseTop("BUILD");
  }

  /** To a set, which is not built. */
  private addItems(): void {
    this.popToMark();
    if (!(this.top() instanceof Unknown)) this.refuseTop("ADDITEMS");
  }

  private append(items: readonly Value[]): void {
    const target = this.top();
    if (Array.isArray(target)) for (const item of items) target.push(item);
    else if (!(target instanceof Unknown)) this.refuseTop("APPEND");
  }

  private setItems(items: readonly Value[]): void {
    const target = this.top();
    if (target instanceof Unknown) return;
    if (!(target instanceof Map)) this.refuseTop("SETITEM");
    if (items.length % 2 !== 0) refuse("a dictionary in its pickle has a key without a value");
    for (let index = 0; index < items.length; index += 2) {
      this.options.budget.take(itemBytes);
      target.set(items[index], items[index + 1]);
    }
  }

  private remember(index: number): void {
    this.options.budget.take(itemBytes);
    this.memo.set(index, this.top());
  }

  private recall(index: number): void {
    const value = this.memo.get(index);
    if (value === undefined) refuse(`its pickle refers to ${index}, which it has not made`);
    this.stack.push(value);
  }

  private counted(container: Value): Value {
    this.options.budget.take(containerBytes);
    return container;
  }

  private top(): Value {
    const value = this.stack[this.stack.length - 1];
    if (value === undefined) refuse("its pickle takes more than it has made");
    return value;
  }

  private pop(): Value {
    const value = this.top();
    this.stack.pop();
    return value;
  }

  private popMany(count: number): Value[] {
    if (this.stack.length < count) refuse("its pickle takes more than it has made");
    return this.stack.splice(-count);
  }

  private popToMark(): Value[] {
    const items = this.stack;
    const outer = this.outer.pop();
    if (outer === undefined) refuse("its pickle takes more than it has made");
    this.stack = outer;
    return items;
  }

  private refuseTop(opcode: string): never {
    refuse(`${opcode} in its pickle changes ${kindOf(this.top())}`);
  }
}
