export const usage = `Usage:
  npm run demo [-- OPTIONS]   train the small demo from scratch and write gallery/index.html
  npm test [-- OPTIONS]       build and run every test
  npm run build               install and build only
OPTIONS are passed on: to "nuwa demo" (try -- --help) or to vitest (try -- packages/tensor3d).`;

/** Backends that work without libtensorflow. */
const withoutLibtensorflow = new Set(["wasm", "cpu", "webgpu"]);

/**
 * What the command line asks for: `{ command, args, needsLibtensorflow }`, or `{ error }`.
 * libtensorflow is made ready unless only help is wanted or another backend was chosen.
 */
export function parseArguments(argv) {
  const [command, ...args] = argv;
  if (command === undefined || command === "--help" || command === "-h" || command === "help") {
    return { command: "help", args: [], needsLibtensorflow: false };
  }
  if (command === "build") return { command, args, needsLibtensorflow: false };
  if (command !== "demo" && command !== "test") {
    return { error: `Unknown command "${command}": wanted "demo", "test" or "build".` };
  }
  const helpOnly = args.includes("--help") || args.includes("-h");
  const backend = command === "demo" ? optionValue(args, "--backend") : undefined;
  return { command, args, needsLibtensorflow: !helpOnly && !withoutLibtensorflow.has(backend) };
}

/** The value of `--name VALUE` or `--name=VALUE`, the last one where it is given twice. */
export function optionValue(args, name) {
  let value;
  args.forEach((arg, index) => {
    if (arg === name) value = args[index + 1];
    else if (arg.startsWith(`${name}=`)) value = arg.slice(name.length + 1);
  });
  return value;
}
