import { expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { MeanMeter } from "./mean-meter.ts";

beforeAll(useCpu);

test("means of each name over the steps that gave it, once", () =>
  expectNoLeak(async () => {
    const meter = new MeanMeter();
    meter.add({ a: tf.scalar(1), b: tf.scalar(10) });
    meter.add({ a: tf.scalar(3) });
    expect(await meter.take()).toEqual({ a: 2, b: 10 });
    expect(await meter.take()).toEqual({});
    meter.add({ a: tf.scalar(5) });
    meter.dispose();
  }));
