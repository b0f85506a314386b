/** Words of our keys that diffusers writes otherwise, wherever they stand in a block. */
const words: Readonly<Record<string, string>> = {
  shortcut: "conv_shortcut",
  norm: "group_norm",
  query: "to_q",
  key: "to_k",
  value: "to_v",
  project: "to_out.0",
  gain: "weight",
  offset: "bias",
};

/** What stands at the top of a network. */
const tops: Readonly<Record<string, string>> = { stem: "conv_in", norm: "conv_norm_out", head: "conv_out" };

const middles: Readonly<Record<string, string>> = {
  first: "resnets.0",
  attention: "attentions.0",
  second: "resnets.1",
};

/**
 * The key of diffusers for one of ours, networks and codebook, in a model of `levels` levels. diffusers numbers the
 * decoder's levels in the order in which they run, from the last one to the first:
 * `decoder.levels.0.attention.1.project.weight` -> `decoder.up_blocks.2.attentions.1.to_out.0.weight` for three.
 */
export function diffusersName(key: string, levels: number): string {
  const [network, part, ...rest] = key.split(".");
  if (network === "quantizer") return "quantize.embedding.weight";
  const encodes = network === "encoder";
  const within = (path: readonly string[]) => path.map((word) => words[word] ?? word);
  const level = (index: number) => (encodes ? `down_blocks.${index}` : `up_blocks.${levels - 1 - index}`);
  if (part === "project") return [encodes ? "quant_conv" : "post_quant_conv", ...rest].join(".");
  if (part in tops) return [network, tops[part], ...within(rest)].join(".");
  if (part === "middle") return [network, "mid_block", middles[rest[0]], ...within(rest.slice(1))].join(".");
  const [index, ...path] = rest;
  if (part === "downsample") return [network, level(Number(index)), "downsamplers.0.conv", ...path].join(".");
  // Ours are numbered by the level that they lead to, those of diffusers by the one that they come from.
  if (part === "upsample") return [network, level(Number(index) + 1), "upsamplers.0.conv", ...path].join(".");
  const list = path[0] === "attention" ? "attentions" : "resnets";
  return [network, level(Number(index)), list, path[1], ...within(path.slice(2))].join(".");
}

/** The attention layers of older versions of diffusers, and what they are called since. */
const renamed: Readonly<Record<string, string>> = {
  query: "to_q",
  key: "to_k",
  value: "to_v",
  proj_attn: "to_out.0",
};

const olderAttention = /(\.attentions\.\d+\.)(query|key|value|proj_attn)(\.(?:weight|bias))$/;

/** Today's name of a tensor in an older checkpoint; any other name as it is. */
export function currentName(name: string): string {
  return name.replace(olderAttention, (_, block: string, layer: string, kind: string) => {
    return block + renamed[layer] + kind;
  });
}
