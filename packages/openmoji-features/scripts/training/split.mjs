import { createHash } from "node:crypto";

/** Drawings that training never sees. */
export const unseenCount = 56;

/** Indices of the drawings: those of the 56 last SHA-256 of `0/${name}`, in hexadecimal, are unseen. */
export function splitDrawings(entries) {
  const keyed = entries.map(({ name }, index) => ({
    index,
    key: createHash("sha256").update(`0/${name}`).digest("hex"),
  }));
  keyed.sort((a, b) => (a.key < b.key ? -1 : 1));
  const order = keyed.map(({ index }) => index);
  return { trained: order.slice(0, -unseenCount), unseen: order.slice(-unseenCount) };
}
