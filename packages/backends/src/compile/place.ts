const INTERNAL = /node_modules|<anonymous>|\(?node:|\/packages\/backends\/(src|dist)\/(?!.*\.test\.)/;
const DEPTH = 60;

/** Where in the program the caller is called from: the innermost line outside of tfjs and of this package. */
export function placeInProgram(): string {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = DEPTH;
  const { stack = "" } = new Error();
  Error.stackTraceLimit = stackTraceLimit;
  const frames = stack.split("\n").slice(1);
  const frame = frames.find((line) => !INTERNAL.test(line)) ?? "";
  return frame.trim().replace(/^at /, "") || "an unknown place";
}
