/** Words of our keys that taming-transformers writes otherwise, wherever they stand. */
const words: Readonly<Record<string, string>> = {
  blocks: "block",
  query: "q",
  key: "k",
  value: "v",
  shortcut: "nin_shortcut",
  gain: "weight",
  offset: "bias",
};

/** What stands at the top of a network. */
const tops: Readonly<Record<string, string>> = { stem: "conv_in", norm: "norm_out", head: "conv_out" };

const middles: Readonly<Record<string, string>> = {
  first: "block_1",
  attention: "attn_1",
  second: "block_2",
};

/**
 * The key of taming-transformers for one of ours, networks and codebook:
 * `decoder.levels.0.attention.1.project.weight` -> `decoder.up.0.attn.1.proj_out.weight`.
 */
export function tamingName(key: string): string {
  const [network, part, ...rest] = key.split(".");
  if (network === "quantizer") return "quantize.embedding.weight";
  const encodes = network === "encoder";
  const within = (path: readonly string[]) => path.map((word) => words[word] ?? word);
  const levels = encodes ? "down" : "up";
  if (part === "project") return [encodes ? "quant_conv" : "post_quant_conv", ...rest].join(".");
  if (part in tops) return [network, tops[part], ...within(rest)].join(".");
  if (part === "middle") return [network, "mid", middles[rest[0]], ...inBlock(rest.slice(1))].join(".");
  if (part === "downsample") return [network, "down", rest[0], "downsample", "conv", rest[1]].join(".");
  // Ours are numbered by the level that they lead to, taming-transformers' by the one that they come from.
  if (part === "upsample") return [network, "up", Number(rest[0]) + 1, "upsample", "conv", rest[1]].join(".");
  const [level, list, index, ...path] = rest;
  return [network, levels, level, list === "attention" ? "attn" : "block", index, ...inBlock(path)].join(".");

  function inBlock(path: readonly string[]): string[] {
    return within(path).map((word) => (word === "project" ? "proj_out" : word));
  }
}
