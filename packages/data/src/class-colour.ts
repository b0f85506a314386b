/**
 * The colour of a class in a segmentation, red, green and blue from 0 to 255: dark gray for the background, class 0;
 * neighbouring classes lie a golden angle apart on the colour wheel.
 */
export function classColour(index: number): readonly [number, number, number] {
  if (index === 0) return [48, 48, 48];
  const hue = (index * 137.508) % 360;
  const channel = (offset: number) => {
    const k = (offset + hue / 30) % 12;
    return Math.round(255 * (0.6 - 0.36 * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return [channel(0), channel(8), channel(4)];
}
