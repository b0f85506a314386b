/** Browsers bring their own WebGPU, so their bundles carry nothing of Dawn (see "imports" in package.json). */
export async function openDawn(): Promise<undefined> {
  return undefined;
}
