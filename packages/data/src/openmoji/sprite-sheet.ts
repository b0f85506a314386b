import type { Catalog, EmojiEntry } from "./catalog.ts";
import { masterChannels, renderMasters } from "./render.ts";
import { oversampling, posedSprite, type Sprite, uprightSprite } from "./sprite.ts";
import { type CacheKey, cacheFile, readCache, writeCache } from "./sprite-cache.ts";

/** The sprites of a set of drawings. */
export interface SpriteSheet {
  /** The drawing `index` of the set, scaled and turned clockwise by `angle` degrees. */
  sprite(index: number, pose: { readonly scale: number; readonly angle: number }): Sprite;
  /** What went wrong with the cache, in words; drawing works all the same. */
  readonly notices: readonly string[];
}

/** How far the rendering is. */
export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly message: string;
}

/** Floats of posed sprites that are kept for the next sample: 128 MiB. */
const keptFloats = 2 ** 25;

/**
 * Loads the sprites from `cacheDir`, else renders them and writes them there. Without a `cacheDir` they stay
 * in memory.
 *
 * @throws NuwaError `FILE` when a drawing cannot be rendered
 */
export async function openSpriteSheet(
  catalog: Catalog,
  entries: readonly EmojiEntry[],
  side: number,
  {
    cacheDir,
    onProgress,
  }: { readonly cacheDir?: string; readonly onProgress?: (progress: Progress) => void },
): Promise<SpriteSheet> {
  const masterSide = side * oversampling;
  const length = entries.length * masterSide ** 2 * masterChannels;
  const notices: string[] = [];
  const total = entries.length;
  const render = () =>
    renderMasters(catalog, entries, masterSide, (done) =>
      onProgress?.({ done, total, message: "rendering emoji" }),
    );
  const masters = await cached({
    cacheDir,
    length,
    notices,
    render,
    key: await keyOf(catalog, entries, masterSide),
  });
  for (const message of notices) onProgress?.({ done: total, total, message });
  const upright = entries.map((_, index) => uprightSprite(masters, index, side));
  const posed = new Map<string, Sprite>();
  let floats = 0;
  return {
    notices,
    sprite(index, pose) {
      if (pose.scale === 1 && pose.angle === 0) return upright[index];
      const key = `${index}/${pose.scale}/${pose.angle}`;
      const kept = posed.get(key);
      if (kept !== undefined) return kept;
      const sprite = posedSprite(masters, index, side, pose);
      if (floats + sprite.data.length > keptFloats) {
        posed.clear();
        floats = 0;
      }
      floats += sprite.data.length;
      posed.set(key, sprite);
      return sprite;
    },
  };
}

/** Everything that the rendered bytes depend on. */
async function keyOf(
  catalog: Catalog,
  entries: readonly EmojiEntry[],
  masterSide: number,
): Promise<CacheKey> {
  const { default: sharp } = await import("sharp");
  const { sharp: renderer, rsvg } = sharp.versions;
  return {
    openmoji: catalog.version,
    renderer,
    rsvg,
    masterSide,
    hexcodes: entries.map(({ hexcode }) => hexcode),
  };
}

interface CachedOptions {
  readonly cacheDir: string | undefined;
  readonly key: CacheKey;
  readonly length: number;
  readonly notices: string[];
  readonly render: () => Promise<Uint8Array>;
}

async function cached({ cacheDir, key, length, notices, render }: CachedOptions): Promise<Uint8Array> {
  if (cacheDir === undefined) return render();
  const file = cacheFile(cacheDir, key);
  const read = await readCache(file, length);
  if (read.bytes !== undefined) return read.bytes;
  if (read.problem !== undefined) notices.push(read.problem);
  const bytes = await render();
  const problem = await writeCache(file, bytes);
  if (problem !== undefined) notices.push(problem);
  return bytes;
}
