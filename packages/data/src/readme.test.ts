import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Rng } from "@nuwa/tensor3d";
import { expect, test } from "vitest";
import { CaptionedMovingMnist, contactSheet, MovingOpenMoji, writeContactSheets } from "./index.ts";

test("the README's example", async () => {
  const folder = await mkdtemp(join(tmpdir(), "nuwa-data-"));
  try {
    const data = await MovingOpenMoji.open(
      { emoji: "tiny", spriteSize: 36, frames: 8 },
      { cacheDir: folder },
    );
    expect(data.combinations.images.train).toHaveLength(153);
    expect(data.combinations.images.heldOut).toHaveLength(39);

    const rng = new Rng(0);
    const image = data.image({ emoji: "fox", background: "blue" }, rng);
    expect(image.caption).toBe("a fox on a blue background");
    expect([image.pixels.length, image.sketch.length]).toEqual([64 * 64 * 3, 64 * 64]);

    const video = data.video({ emoji: "rocket", background: "pink", motion: "up" }, rng);
    expect(video.caption).toBe("a rocket on a pink background moving up");
    expect(video.pixels).toHaveLength(8 * 64 * 64 * 3);

    expect(data.imageBatch(data.combinations.images.train.slice(0, 16), rng)).toHaveLength(16 * 64 * 64 * 3);
    expect(data.parseCaption(video.caption)).toEqual({ emoji: "rocket", background: "pink", motion: "up" });
    expect((await contactSheet([image], { planes: ["pixels", "sketch"] })).length).toBeGreaterThan(100);
    expect(await writeContactSheets(data, join(folder, "sheets"))).toHaveLength(4);

    const digits = await CaptionedMovingMnist.open({ digits: 2, frames: 10 });
    const pair = digits.video(digits.combinations[1], "train", rng);
    expect(pair.caption).toBe("digit 0 is moving left and right and digit 1 is moving up and down");
    expect(pair.pixels).toHaveLength(10 * 64 * 64 * 3);
  } finally {
    await rm(folder, { recursive: true });
  }
});
