/** Shorter names for captions, by OpenMoji's annotation in lower case. */
export const shortNames: Readonly<Record<string, string>> = {
  "cheese wedge": "cheese",
  "crescent moon": "moon",
  "evergreen tree": "tree",
  "gem stone": "gem",
  "hourglass done": "hourglass",
  "lady beetle": "ladybug",
  "red apple": "apple",
  "wrapped gift": "gift",
};
