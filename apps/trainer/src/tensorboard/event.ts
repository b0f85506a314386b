import { bytesField, concatBytes, doubleField, floatField, integerField } from "./protobuf.ts";

/** A PNG and its size in pixels. */
export interface EventImage {
  readonly width: number;
  readonly height: number;
  readonly png: Uint8Array;
}

/** One point of TensorBoard's curves or image sliders. Time is in seconds since 1970. */
export interface SummaryEvent {
  readonly time: number;
  readonly step: number;
  readonly scalars?: Readonly<Record<string, number>>;
  readonly images?: Readonly<Record<string, EventImage>>;
}

const RGB = 3;

/** The first message of every event file. */
export function encodeVersionEvent(time: number): Uint8Array {
  return concatBytes([doubleField(1, time), bytesField(3, "brain.Event:2")]);
}

/** `tensorflow.Event` with a `Summary` of simple values and images. */
export function encodeSummaryEvent({ time, step, scalars = {}, images = {} }: SummaryEvent): Uint8Array {
  const values = [
    ...Object.entries(scalars).map(([tag, value]) => concatBytes([bytesField(1, tag), floatField(2, value)])),
    ...Object.entries(images).map(([tag, image]) => concatBytes([bytesField(1, tag), imageField(image)])),
  ];
  const summary = concatBytes(values.map((value) => bytesField(1, value)));
  return concatBytes([doubleField(1, time), integerField(2, step), bytesField(5, summary)]);
}

function imageField({ width, height, png }: EventImage): Uint8Array {
  const image = [integerField(1, height), integerField(2, width), integerField(3, RGB), bytesField(4, png)];
  return bytesField(4, concatBytes(image));
}
