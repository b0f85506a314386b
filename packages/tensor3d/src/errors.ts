const brand: unique symbol = Symbol.for("nuwa.error") as never;

/** What a caller can do about an error, by kind. Packages may add codes of their own. */
export type NuwaErrorCode = "CONFIG" | "SHAPE" | "FILE" | "BACKEND" | "INPUT" | "CHECKPOINT" | (string & {});

/**
 * An error that says where it happened, what was wanted, what came and how to fix it.
 * Recognise it with `isNuwaError`, which also works across copies of this package.
 */
export class NuwaError extends Error {
  override readonly name = "NuwaError";
  readonly code: NuwaErrorCode;
  readonly hint?: string;

  constructor(code: NuwaErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    if (options.hint !== undefined) this.hint = options.hint;
    Object.defineProperty(this, brand, { value: true });
  }
}

/** Whether `x` is a NuwaError of any copy of this package. */
export function isNuwaError(x: unknown): x is NuwaError {
  return typeof x === "object" && x !== null && (x as Record<symbol, unknown>)[brand] === true;
}
