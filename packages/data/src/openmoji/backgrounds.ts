/** A colour as 8-bit red, green, blue. */
export type Colour = readonly [red: number, green: number, blue: number];

/**
 * Flat backgrounds by name: of middle saturation, so that OpenMoji's saturated fills and black outlines
 * stand out on each, and far enough from each other that a blurred reconstruction keeps its name.
 */
export const backgroundColours = {
  red: [214, 106, 98],
  orange: [236, 168, 96],
  yellow: [240, 222, 130],
  green: [124, 186, 118],
  blue: [104, 156, 218],
  purple: [150, 122, 196],
  pink: [240, 170, 205],
  gray: [168, 168, 168],
  white: [250, 250, 250],
  teal: [84, 172, 168],
  brown: [168, 132, 104],
} as const satisfies Record<string, Colour>;

export type BackgroundName = keyof typeof backgroundColours;

/** The eight that a dataset uses unless its config says otherwise. */
export const defaultBackgrounds: readonly BackgroundName[] = [
  "red",
  "orange",
  "yellow",
  "green",
  "blue",
  "purple",
  "pink",
  "gray",
];
