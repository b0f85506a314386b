import { InvalidArgumentError, Option } from "commander";

export const BACKENDS = ["auto", "node", "webgpu", "wasm", "cpu"] as const;
export type BackendName = (typeof BACKENDS)[number];

export const backendOption = (): Option =>
  new Option("--backend <name>", "where to compute").choices(BACKENDS).default("auto");

/** A parser of whole numbers of at least `least`. */
export const wholeNumber =
  (least: number) =>
  (text: string): number => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`Wanted a whole number of at least ${least}.`);
  };

/** A parser of numbers from `least` to `most`. */
export const numberBetween =
  (least: number, most = Number.POSITIVE_INFINITY) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() !== "" && value >= least && value <= most) return value;
    const range = most === Number.POSITIVE_INFINITY ? `of at least ${least}` : `from ${least} to ${most}`;
    throw new InvalidArgumentError(`Wanted a number ${range}.`);
  };
