import type { FunctionBody } from "./function-body.ts";
import { type ConstantContent, functionName } from "./function-name.ts";
import { addFunction, type GraphTools } from "./graph-function.ts";

/**
 * The functions of a context. Bodies that do the same are one function, also after it was removed: XLA keeps what it
 * compiled by a function's name as long as the process lives, and finds it again then.
 */
export class FunctionLibrary {
  readonly #tools: GraphTools;
  /** By name, how often each function was added and not removed yet. */
  readonly #users = new Map<string, number>();

  readonly #contentOf: (id: number) => ConstantContent;

  /** @param contentOf gives a constant's content by the binding's id */
  constructor(tools: GraphTools, contentOf: (id: number) => ConstantContent) {
    this.#tools = tools;
    this.#contentOf = contentOf;
  }

  /** @returns the name by which the context runs it */
  add(body: FunctionBody): string {
    const name = functionName(body, this.#contentOf);
    const users = this.#users.get(name) ?? 0;
    if (users === 0) addFunction(this.#tools, name, body);
    this.#users.set(name, users + 1);
    return name;
  }

  /** Undoes one `add`. */
  remove(name: string): void {
    const users = this.#users.get(name)!;
    if (users > 1) {
      this.#users.set(name, users - 1);
      return;
    }
    this.#users.delete(name);
    const { c, context, status, names, check } = this.#tools;
    c.TFE_ContextRemoveFunction(context, names.of(name), status);
    names.forget(name);
    check(name);
  }
}
